#include "checkpoint/followed_record.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration record_deadline = std::chrono::seconds{15};
/// There is no control schema yet.
constexpr const char* undefined_table = "42P01";
constexpr const char* undefined_schema = "3F000";

constexpr const char* followed_sql = R"(
SELECT r.foreign_key, r.schema, r.of_table, r.of_column, r.to_schema, r.to_table, r.to_column
FROM backfill.jobs AS j
JOIN backfill.phases AS p ON p.job_id = j.id AND p.phase = 'add'
CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(p.detail -> 'follows')
  WITH ORDINALITY AS e(value, position)
CROSS JOIN LATERAL pg_catalog.jsonb_to_record(e.value)
  AS r(foreign_key text, schema text, of_table text, of_column text, to_schema text, to_table text,
       to_column text)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = r.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.of_table
JOIN pg_catalog.pg_attribute AS a
  ON a.attrelid = c.oid AND a.attname = r.of_column AND NOT a.attisdropped
WHERE j.name = $1
ORDER BY e.position)";

constexpr const char* tables_sql = R"(
SELECT r.schema, r.of_table, r.key, r.ground
FROM backfill.jobs AS j
JOIN backfill.phases AS p ON p.job_id = j.id AND p.phase = 'add'
CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(coalesce(p.detail -> 'tables', '[]'))
  AS r(schema text, of_table text, key text[], ground text)
WHERE j.name = $1)";

boost::asio::awaitable<Result<std::vector<FollowedTable>>> read_tables(pg::Connection* connection,
                                                                       std::string job) {
  std::vector<pg::Param> params;
  params.emplace_back(std::move(job));
  const Result<pg::Rows> rows =
      co_await connection->query(tables_sql, std::move(params), record_deadline);
  if (!rows) co_return rows.error();
  std::vector<FollowedTable> tables;
  for (const pg::Row& row : rows->values) {
    FollowedTable table;
    table.table = {pg::text_field(row, 0), pg::text_field(row, 1)};
    table.key = pg::parse_text_array(pg::text_field(row, 2));
    table.ground = pg::text_field(row, 3);
    tables.push_back(std::move(table));
  }
  co_return tables;
}

}  // namespace

std::string followed_record(const Followed& followed) {
  nlohmann::json follows = nlohmann::json::array();
  for (const Reference& reference : followed.references) {
    follows.push_back({{"foreign_key", reference.constraint},
                       {"schema", reference.table.schema.value_or("")},
                       {"of_table", reference.table.name},
                       {"of_column", reference.column},
                       {"to_schema", reference.references.schema.value_or("")},
                       {"to_table", reference.references.name},
                       {"to_column", reference.referenced}});
  }
  nlohmann::json tables = nlohmann::json::array();
  for (const FollowedTable& table : followed.tables) {
    tables.push_back({{"schema", table.table.schema.value_or("")},
                      {"of_table", table.table.name},
                      {"key", table.key},
                      {"ground", table.ground}});
  }
  // What is no UTF-8 cannot stand in jsonb.
  return nlohmann::json{{"follows", std::move(follows)}, {"tables", std::move(tables)}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

boost::asio::awaitable<Result<Followed>> read_followed(pg::Connection* connection,
                                                       std::string job) {
  std::vector<pg::Param> params;
  params.emplace_back(job);
  const Result<pg::Rows> rows =
      co_await connection->query(followed_sql, std::move(params), record_deadline);
  if (!rows) {
    const std::string& state = rows.error().sqlstate;
    if (state == undefined_table || state == undefined_schema) co_return Followed{};
    co_return rows.error();
  }
  Followed followed;
  for (const pg::Row& row : rows->values) {
    Reference reference;
    reference.constraint = pg::text_field(row, 0);
    reference.table = {pg::text_field(row, 1), pg::text_field(row, 2)};
    reference.column = pg::text_field(row, 3);
    reference.references = {pg::text_field(row, 4), pg::text_field(row, 5)};
    reference.referenced = pg::text_field(row, 6);
    followed.references.push_back(std::move(reference));
  }
  Result<std::vector<FollowedTable>> tables = co_await read_tables(connection, std::move(job));
  if (!tables) co_return tables.error();
  followed.tables = *std::move(tables);
  co_return followed;
}

}  // namespace backfill
