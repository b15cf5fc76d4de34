#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "catalog/expression_scope.hpp"
#include "catalog/preflight/checks.hpp"
#include "core/enforce_step.hpp"
#include "core/nearest.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

/// What `enforce` names exists, or will; its own names are free; its expressions are such that the
/// server takes them.
namespace backfill {
namespace {

/// $1 the table, $2 a name: the relation of this name in the table's schema, if it is no index of
/// the table; and the constraint of this name on the table with its columns.
constexpr std::string_view name_sql = R"(
SELECT (SELECT c.oid::regclass::text FROM pg_catalog.pg_class AS c
        WHERE c.relname = $2 AND c.relnamespace = t.relnamespace AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = c.oid AND i.indrelid = t.oid)),
       k.contype,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.position)
        FROM pg_catalog.unnest(coalesce(k.conkey, i.indkey::int2[])) WITH ORDINALITY
          AS u(attnum, position)
        LEFT JOIN pg_catalog.pg_attribute AS a
          ON a.attrelid = t.oid AND a.attnum = u.attnum),
       i.indisunique
FROM pg_catalog.pg_class AS t
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.conname = $2
LEFT JOIN (pg_catalog.pg_index AS i
           JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid AND ic.relname = $2)
  ON i.indrelid = t.oid
WHERE t.oid = $1::oid)";

void check_columns(Preflight* preflight, const EnforceStep& step, const Target& target) {
  std::vector<std::string_view> names;
  for (const TableColumn& column : target.columns) names.push_back(column.name);
  for (const std::string& column : enforce_columns(step)) {
    if (std::ranges::find(names, column) != names.end()) continue;
    const auto near = nearest_word(column, names);
    preflight->refuse(fmt::format("column {} of `enforce` ({}) does not exist in {}",
                                  name_text(column), enforce_text(step), preflight->table()),
                      near ? fmt::format("Did you mean {}?", *near)
                           : "Name a column of the table, or let `add` create it");
  }
}

/// Such an index would have to be built on each partition and attached, and a foreign key of a
/// partitioned table cannot be NOT VALID before version 18.
void check_partitioned(Preflight* preflight, const EnforceStep& step) {
  const bool refused = std::holds_alternative<EnforceUnique>(step) ||
                       std::holds_alternative<EnforceIndex>(step) ||
                       std::holds_alternative<EnforceForeignKey>(step);
  if (!preflight->target->partitioned || !refused) return;
  preflight->refuse(
      fmt::format("{} is partitioned, and the server cannot put {} in place there without locking "
                  "out writers",
                  preflight->table(), enforce_text(step)),
      "Leave this step out, build on each partition by hand (CREATE INDEX CONCURRENTLY), and "
      "attach; not_null, check and default work on partitioned tables");
}

std::string shown(const std::vector<std::string>& columns) {
  return fmt::format("({})", fmt::join(columns, ", "));
}

/// The letter of pg_constraint.contype that the step makes; a space for a mere index.
char type_of(const EnforceStep& step) {
  if (std::holds_alternative<EnforceUnique>(step)) return 'u';
  if (std::holds_alternative<EnforceForeignKey>(step)) return 'f';
  if (std::holds_alternative<EnforceIndex>(step)) return ' ';
  return 'c';
}

CheckResult check_name(Preflight* preflight, const EnforceStep* step, std::string name) {
  const std::vector<pg::Param> params{preflight->oid(), name};
  std::string sql{name_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  if (rows->values.empty()) co_return Result<void>{};
  const pg::Row& row = rows->values.front();
  const char type = type_of(*step);
  const std::string constraint = pg::text_field(row, 1);
  std::string taken;
  const bool makes_relation = type == 'u' || type == ' ';
  if (makes_relation && !pg::is_null(row, 0)) taken = "the relation " + pg::text_field(row, 0);
  if (!constraint.empty() && constraint.front() != type) taken = "another constraint";
  const bool is_index = !pg::is_null(row, 3);
  if (type == 'u' && is_index && !pg::bool_field(row, 3)) taken = "an index that is not unique";
  const std::vector<std::string> columns = pg::parse_text_array(pg::text_field(row, 2));
  const std::vector<std::string> wanted = enforce_columns(*step);
  const auto* index = std::get_if<EnforceIndex>(step);
  const bool plain = index != nullptr && index->elements.size() == wanted.size();
  const bool by_columns = type == 'u' || type == 'f' || plain;
  if (taken.empty() && by_columns && (is_index || !constraint.empty()) && columns != wanted) {
    taken = "what stands on " + shown(columns);
  }
  if (!taken.empty()) {
    preflight->refuse(fmt::format("the name {} that `enforce` ({}) needs is taken by {}",
                                  name_text(name), enforce_text(*step), taken),
                      "Give the step a `name` of its own");
  }
  co_return Result<void>{};
}

/// The server plans what it would check; subqueries show only when the constraint is made.
CheckResult check_expression_of(Preflight* preflight, const EnforceStep* step) {
  std::string sql;
  const std::string scope = expression_scope(*preflight->job, *preflight->target);
  if (const auto* check = std::get_if<EnforceCheck>(step)) {
    sql = fmt::format("EXPLAIN SELECT FROM {} WHERE (\n{}\n)", scope, check->expression);
  } else if (const auto* index = std::get_if<EnforceIndex>(step); index && index->where) {
    sql = fmt::format("EXPLAIN SELECT FROM {} WHERE (\n{}\n)", scope, *index->where);
  } else if (const auto* made = std::get_if<EnforceDefault>(step)) {
    const Target whole = with_added_columns(*preflight->job, *preflight->target);
    const auto column = std::ranges::find(whole.columns, made->column, &TableColumn::name);
    if (column == whole.columns.end()) co_return Result<void>{};
    sql = fmt::format("EXPLAIN SELECT (\n{}\n)::{}", made->expression, column->type);
  }
  if (sql.empty() || preflight->types_refused) co_return Result<void>{};
  const auto planned = co_await ask(preflight, std::move(sql));
  if (planned) co_return Result<void>{};
  if (connection_lost(planned.error())) co_return planned.error();
  preflight->refuse(fmt::format("the server rejects `enforce` ({}) on {}: {}", enforce_text(*step),
                                preflight->table(), in_words(planned.error())),
                    planned.error().hint.empty() ? "Correct the expression in the job file"
                                                 : planned.error().hint);
  co_return Result<void>{};
}

}  // namespace

CheckResult check_enforce_steps(Preflight* preflight) {
  const Target whole = with_added_columns(*preflight->job, *preflight->target);
  std::map<std::string, std::string> names;  // of constraints and indexes, with their steps
  for (const EnforceStep& step : preflight->job->enforce) {
    check_columns(preflight, step, whole);
    check_partitioned(preflight, step);
    const std::string name = enforce_name(step, whole);
    if (!name.empty()) {
      const auto [other, fresh] = names.try_emplace(name, enforce_text(step));
      if (!fresh) {
        preflight->refuse(fmt::format("two steps of `enforce` would make {}: {}; {}",
                                      name_text(name), other->second, enforce_text(step)),
                          "Give one of them a `name` of its own, or take it out");
        continue;
      }
      const Result<void> free = co_await check_name(preflight, &step, name);
      if (!free) co_return free.error();
    }
    const Result<void> planned = co_await check_expression_of(preflight, &step);
    if (!planned) co_return planned.error();
  }
  co_return Result<void>{};
}

}  // namespace backfill
