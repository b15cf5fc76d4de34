#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// New values may collide in a unique index, and an index on a set column rules out HOT updates.
namespace backfill {
namespace {

/// $1 the table, $2 the set columns. An index on an expression is in indkey as 0, so its columns
/// come from pg_depend.
constexpr std::string_view indexes_sql = R"(
SELECT i.indisunique,
       pg_catalog.string_agg(DISTINCT i.indexrelid::regclass::text, ', ')
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = ANY ($2::text[])
WHERE i.indrelid = $1::oid AND i.indislive AND (
  a.attnum = ANY (i.indkey) OR EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid
      AND d.refobjsubid = a.attnum))
GROUP BY i.indisunique ORDER BY i.indisunique DESC)";

}  // namespace

CheckResult check_unique_indexes(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid(), preflight->set_columns()};
  std::string sql{indexes_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  for (const pg::Row& row : rows->values) {
    const std::string names = pg::text_field(row, 1);
    if (pg::bool_field(row, 0)) {
      preflight->note(fmt::format("columns of `set` stand in unique indexes ({})", names),
                      "A value that is there already stops the job at its row, which it names; "
                      "what was done before is kept");
    } else {
      preflight->note(
          fmt::format("columns of `set` are indexed ({}): each changed row also writes "
                      "to these and to all other indexes",
                      names),
          "If an index is new, build it after the backfill (CREATE INDEX CONCURRENTLY)");
    }
  }
  co_return Result<void>{};
}

}  // namespace backfill
