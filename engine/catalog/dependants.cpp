#include "catalog/dependants.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "catalog/dependants/reading.hpp"
#include "core/dependants_print.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

/// Types are named as the job's session reads them, so they are looked up before its search_path
/// is put aside. With several arrays, `unnest` is known to the parser by its bare name alone.
constexpr const char* resolve_sql = R"(
SELECT coalesce(c.oid, 0), coalesce(a.attnum, 0), coalesce(pg_catalog.to_regtype(w.type)::oid, 0)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
     WITH ORDINALITY AS w(schema, name, col, type, position)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
LEFT JOIN pg_catalog.pg_attribute AS a
       ON a.attrelid = c.oid AND a.attname = w.col AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY w.position)";

asio::awaitable<Result<void>> resolve_columns(dependants::Reading* reading) {
  std::vector<std::string> schemas;
  std::vector<std::string> tables;
  std::vector<std::string> names;
  std::vector<std::string> types;
  for (const CarriedColumn& column : *reading->columns) {
    schemas.push_back(column.table.schema.value_or(""));
    tables.push_back(column.table.name);
    names.push_back(column.name);
    types.push_back(column.type);
  }
  std::vector<pg::Param> params{pg::text_array(schemas), pg::text_array(tables),
                                pg::text_array(names), pg::text_array(types)};
  std::string sql = resolve_sql;
  const auto rows =
      co_await reading->connection->query(std::move(sql), std::move(params), reading->deadline);
  if (!rows) co_return rows.error();
  std::array<std::vector<std::int64_t>, 3> oids;
  for (std::size_t i = 0; i < rows->values.size(); ++i) {
    const CarriedColumn& column = (*reading->columns)[i];
    for (std::size_t part = 0; part < oids.size(); ++part) {
      oids[part].push_back(pg::integer_field(rows->values[i], part));
    }
    if (oids[1].back() == 0) {
      co_return fatal_error(fmt::format("there is no column {} in {}", name_text(column.name),
                                        name_text(column.table)),
                            "correct `columns:` in the job file");
    }
  }
  std::vector<ColumnNumber> numbers;
  for (std::size_t i = 0; i < oids[0].size(); ++i) numbers.push_back({oids[0][i], oids[1][i]});
  reading->found.print_sql = dependants_print_sql(numbers);
  reading->relations = pg::integer_array(oids[0]);
  reading->numbers = pg::integer_array(oids[1]);
  reading->types = pg::integer_array(oids[2]);
  std::string set = "SELECT set_config('search_path', 'pg_catalog, pg_temp', true)";
  std::vector<pg::Param> none;
  const auto pinned =
      co_await reading->connection->query(std::move(set), std::move(none), reading->deadline);
  if (!pinned) co_return pinned.error();
  co_return Result<void>{};
}

/// Taken first: what changes while the rest is read is noticed later.
asio::awaitable<Result<void>> read_print(dependants::Reading* reading) {
  std::string sql = reading->found.print_sql;
  std::vector<pg::Param> none;
  const auto rows =
      co_await reading->connection->query(std::move(sql), std::move(none), reading->deadline);
  if (!rows) co_return rows.error();
  reading->found.print = pg::text_field(rows->values.at(0), 0);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> read_all(dependants::Reading* reading) {
  using Reader = dependants::Read (*)(dependants::Reading*);
  constexpr std::array<Reader, 9> readers{
      dependants::read_columns,    dependants::read_indexes,   dependants::read_constraints,
      dependants::read_views,      dependants::read_recreated, dependants::read_publications,
      dependants::read_statistics, dependants::read_uncarried, dependants::read_built};
  const auto resolved = co_await resolve_columns(reading);
  if (!resolved) co_return resolved.error();
  const auto printed = co_await read_print(reading);
  if (!printed) co_return printed.error();
  for (const Reader reader : readers) {
    const auto read = co_await reader(reading);
    if (!read) co_return read.error();
  }
  co_return Result<void>{};
}

}  // namespace

asio::awaitable<Result<Dependants>> read_dependants(pg::Connection* connection,
                                                    std::vector<CarriedColumn> columns,
                                                    InspectionSettings settings) {
  dependants::Reading reading;
  reading.connection = connection;
  reading.deadline = settings.deadline;
  reading.columns = &columns;
  const auto begun = co_await begin_read_only(connection, settings);
  if (!begun) co_return begun.error();
  const auto read = co_await read_all(&reading);
  co_await end_read_only(connection, settings.deadline);
  if (!read) co_return read.error();
  co_return std::move(reading.found);
}

asio::awaitable<Result<std::vector<std::optional<Error>>>> try_statements(
    pg::Connection* connection, std::vector<std::string> statements, InspectionSettings settings) {
  const auto begun = co_await begin_read_only(connection, settings);
  if (!begun) co_return begun.error();
  std::vector<std::optional<Error>> outcomes;
  for (std::string& statement : statements) {
    std::vector<pg::Param> none;
    const auto tried =
        co_await attempt(connection, std::move(statement), std::move(none), settings.deadline);
    outcomes.emplace_back();
    if (!tried) {
      if (connection_lost(tried.error())) co_return tried.error();
      // The table of a trial is a query, in which GROUP BY of a primary key stands for no others
      // (42803). It reads what making the object anew need not read (42501).
      const std::string& state = tried.error().sqlstate;
      if (state != "42803" && state != "42501") outcomes.back() = tried.error();
    } else if (!tried->values.empty()) {
      outcomes.back() = fatal_error(pg::text_field(tried->values.front(), 0));
    }
  }
  co_await end_read_only(connection, settings.deadline);
  co_return outcomes;
}

}  // namespace backfill
