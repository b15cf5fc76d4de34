#include "catalog/type_copy_check.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/nearest.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

constexpr std::string_view check_name = "type_copy";

/// BEFORE (bit 1) row triggers (bit 0) for INSERT (bit 2) or UPDATE (bit 4) that fire after $2.
constexpr std::string_view later_triggers_sql = R"(
SELECT pg_catalog.string_agg(pg_catalog.quote_ident(t.tgname), ', ' ORDER BY t.tgname)
FROM pg_catalog.pg_trigger AS t
WHERE t.tgrelid = $1::oid AND NOT t.tgisinternal AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0
  AND t.tgname > $2::name)";

/// Publications that publish whatever columns $1 has: those of column lists came with version 15.
constexpr std::string_view publications_sql = R"(
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(p.pubname), ', ')
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_publication_tables AS t ON t.schemaname = n.nspname AND t.tablename = c.relname
JOIN pg_catalog.pg_publication AS p ON p.pubname = t.pubname
WHERE c.oid = $1::oid AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_publication_rel AS r
  WHERE r.prpubid = p.oid AND r.prrelid = c.oid
    AND nullif(pg_catalog.to_jsonb(r) -> 'prattrs', 'null') IS NOT NULL))";

struct Look {
  pg::Connection* connection;
  const Job* job;
  const Target* target;
  Duration deadline;
  std::vector<Finding> findings;

  void refuse(std::string message, std::string hint) {
    findings.push_back(
        {Finding::Severity::refuse, std::string{check_name}, std::move(message), std::move(hint)});
  }
  void warn(std::string message, std::string hint) {
    findings.push_back(
        {Finding::Severity::warn, std::string{check_name}, std::move(message), std::move(hint)});
  }
};

const TableColumn* present(const Look& look, const std::string& name) {
  const auto& columns = look.target->columns;
  const auto found = std::ranges::find(columns, name, &TableColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

/// The table's columns as the trigger hands them to an expression: by name, from no table. Of the
/// changed ones either the present type or the new one.
std::string row_scope(const Look& look, bool changed) {
  std::string scope = "(SELECT ";
  bool first = true;
  for (const TableColumn& column : look.target->columns) {
    const auto& changes = look.job->type_copy.columns;
    const auto change = std::ranges::find(changes, column.name, &ChangeColumn::column);
    const bool other = changed && change != changes.end();
    scope += fmt::format("{}NULL::{}\n AS {}", first ? "" : ", ",
                         other ? change->type : column.type, quote_identifier(column.name));
    first = false;
  }
  return scope + " OFFSET 0) AS " + quote_identifier(look.target->table.name);
}

asio::awaitable<Result<std::optional<Error>>> plan(const Look* look, std::string expression,
                                                   std::string type, std::string scope) {
  std::string sql = "EXPLAIN SELECT (\n" + expression + "\n)::" + type + "\n FROM " + scope;
  std::vector<pg::Param> none;
  const auto rows =
      co_await attempt(look->connection, std::move(sql), std::move(none), look->deadline);
  if (rows) co_return std::optional<Error>{};
  if (connection_lost(rows.error())) co_return rows.error();
  co_return std::optional<Error>{rows.error()};
}

/// How the server spells a type, with its modifier; absent when it does not know it.
asio::awaitable<Result<std::optional<std::string>>> spelling(const Look* look, std::string type) {
  std::string sql = "EXPLAIN (VERBOSE, COSTS OFF) SELECT NULL::" + type + "\n";
  std::vector<pg::Param> none;
  const auto rows =
      co_await attempt(look->connection, std::move(sql), std::move(none), look->deadline);
  if (!rows && connection_lost(rows.error())) co_return rows.error();
  if (!rows) co_return std::optional<std::string>{};
  co_return std::optional<std::string>{pg::text_field(rows->values.back(), 0)};
}

std::optional<std::string> reads_generated(const Look& look, const ChangeColumn& change) {
  for (const TableColumn& column : look.target->columns) {
    const bool read = mentions_identifier(change.with, column.name) ||
                      (change.back && mentions_identifier(*change.back, column.name));
    if (column.generated && read) return column.name;
  }
  return std::nullopt;
}

void refuse_unknown(Look* look, const std::string& name) {
  std::vector<std::string_view> names;
  for (const TableColumn& column : look->target->columns) names.push_back(column.name);
  const auto near = nearest_word(name, names);
  look->refuse(fmt::format("column {} of `columns` does not exist in {}", name_text(name),
                           name_text(look->target->table)),
               near ? fmt::format("Did you mean {}?", *near) : "Check `columns` in the job file");
}

asio::awaitable<Result<void>> check_column(Look* look, const ChangeColumn* change) {
  const TableColumn* column = present(*look, change->column);
  if (column == nullptr) {
    refuse_unknown(look, change->column);
    co_return Result<void>{};
  }
  const std::string name = name_text(change->column);
  if (column->generated) {
    look->refuse(fmt::format("column {} is generated from other columns", name),
                 "Drop its expression first (ALTER TABLE … ALTER … DROP EXPRESSION), or change the "
                 "columns that it is generated from");
    co_return Result<void>{};
  }
  if (const auto generated = reads_generated(*look, *change)) {
    look->refuse(
        fmt::format("`using` or `back` of column {} reads {}, which is generated: a trigger "
                    "before the write does not see its value",
                    name, name_text(*generated)),
        "Write the expression over the columns that it is generated from");
    co_return Result<void>{};
  }
  const auto now = co_await spelling(look, column->type);
  if (!now) co_return now.error();
  const auto wanted = co_await spelling(look, change->type);
  if (!wanted) co_return wanted.error();
  if (!*wanted) co_return Result<void>{};  // The preflight of the backfill says so.
  if (*now == *wanted) {
    look->refuse(fmt::format("column {} of {} has type {} already", name,
                             name_text(look->target->table), column->type),
                 "Nothing is left to do; gate and status know a job by its name only once it ran");
    co_return Result<void>{};
  }
  const auto forward = co_await plan(look, change->with, change->type, row_scope(*look, false));
  if (!forward) co_return forward.error();
  if (*forward) {
    look->refuse(
        fmt::format("the trigger cannot compute `using` of column {}: {}", name,
                    (*forward)->message),
        (*forward)->hint.empty()
            ? "Write columns by their names alone, or behind the table's name without its schema; "
              "and values that the type can be made of"
            : (*forward)->hint);
  }
  const std::string back =
      change->back.value_or(quote_identifier(change->column) + "::" + column->type);
  const auto backward = co_await plan(look, back, column->type, row_scope(*look, true));
  if (!backward) co_return backward.error();
  if (*backward) {
    look->refuse(fmt::format("the way back of column {} from {} to {} does not compute: {}", name,
                             change->type, column->type, (*backward)->message),
                 fmt::format("Give the column a `back`, an expression over the new {} that has "
                             "type {}",
                             name, column->type));
  }
  co_return Result<void>{};
}

/// A column that trades places with one that was added stands last from then on.
void warn_of_places(Look* look) {
  std::vector<std::string> moving;
  for (const ChangeColumn& change : look->job->type_copy.columns) {
    const bool last = look->target->columns.back().name == change.column;
    if (!last) moving.push_back(name_text(change.column));
  }
  if (moving.empty()) return;
  look->warn(fmt::format("from the switch on {} of {} stand{} behind all other columns",
                         fmt::join(moving, ", "), name_text(look->target->table),
                         moving.size() == 1 ? "s" : ""),
             "Name the columns in every INSERT and COPY first: without names they put values into "
             "other columns then");
}

asio::awaitable<Result<void>> warn_of_publications(Look* look) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(look->target->oid));
  std::string sql{publications_sql};
  const auto rows =
      co_await attempt(look->connection, std::move(sql), std::move(params), look->deadline);
  if (!rows) co_return rows.error();
  const std::string names = pg::text_field(rows->values.at(0), 0);
  if (names.empty()) co_return Result<void>{};
  look->warn(
      fmt::format("{} is published with all of its columns ({}): subscribers are sent the "
                  "new column, too, and stop where their table does not have it",
                  name_text(look->target->table), names),
      "Add the new columns to the subscribers' tables first (see `plan --sql`), or publish a "
      "list of columns");
  co_return Result<void>{};
}

asio::awaitable<Result<void>> check_all(Look* look, std::string trigger) {
  for (const ChangeColumn& change : look->job->type_copy.columns) {
    const Result<void> checked = co_await check_column(look, &change);
    if (!checked) co_return checked.error();
  }
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(look->target->oid));
  params.emplace_back(std::move(trigger));
  std::string sql{later_triggers_sql};
  const auto later =
      co_await attempt(look->connection, std::move(sql), std::move(params), look->deadline);
  if (!later) co_return later.error();
  const std::string names = pg::text_field(later->values.front(), 0);
  if (!names.empty()) {
    look->refuse(fmt::format("triggers of {} fire behind the job's own and could change what it "
                             "has seen: {}",
                             name_text(look->target->table), names),
                 "Rename them (ALTER TRIGGER … RENAME TO …): BEFORE triggers fire in the order of "
                 "their names");
  }
  warn_of_places(look);
  co_return co_await warn_of_publications(look);
}

}  // namespace

asio::awaitable<Result<std::vector<Finding>>> check_type_copy(pg::Connection* connection, Job job,
                                                              Target target, std::string trigger,
                                                              InspectionSettings settings) {
  const Duration deadline = settings.deadline;
  Look look{connection, &job, &target, deadline, {}};
  const auto begun = co_await begin_read_only(connection, std::move(settings));
  if (!begun) co_return begun.error();
  const Result<void> checked = co_await check_all(&look, std::move(trigger));
  co_await end_read_only(connection, deadline);
  if (!checked) co_return checked.error();
  co_return std::move(look.findings);
}

}  // namespace backfill
