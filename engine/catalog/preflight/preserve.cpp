#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/preflight/checks.hpp"
#include "core/nearest.hpp"
#include "core/object_name.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

/// The columns of `preserve` are there, and a trigger can keep them.
namespace backfill {
namespace {

/// $1 the table, $2 the name of our trigger. What fires behind it could change the columns again;
/// a type-copy's sync trigger only reads them.
constexpr std::string_view later_sql = R"(
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(t.tgname), ', ')
         FILTER (WHERE t.tgtype & 19 = 19 AND t.tgenabled <> 'D' AND t.tgname > $2::name
                   AND NOT (t.tgname COLLATE "C" LIKE '~%\_\_backfill\_sync')),
       pg_catalog.bool_and(pg_catalog.pg_has_role(c.relowner, 'USAGE')),
       pg_catalog.min(pg_catalog.pg_get_userbyid(c.relowner)), current_user,
       CASE WHEN pg_catalog.to_regnamespace('backfill') IS NULL THEN true
            ELSE pg_catalog.has_schema_privilege('backfill', 'CREATE') END
FROM tree JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid
LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = tree.oid AND NOT t.tgisinternal)";

void check_column(Preflight* preflight, const std::string& name) {
  const auto& columns = preflight->target->columns;
  const auto column = std::ranges::find(columns, name, &TableColumn::name);
  if (column == columns.end()) {
    std::vector<std::string_view> names;
    for (const TableColumn& each : columns) names.push_back(each.name);
    const std::optional<std::string_view> near = nearest_word(name, names);
    return preflight->refuse_at(
        "preserve", 0,
        fmt::format("column {} of `preserve` does not exist in {}", name, preflight->table()),
        near ? fmt::format("Did you mean {}?", *near) : "Take it out of `preserve`");
  }
  if (!column->generated) return;
  preflight->refuse_at("preserve", 0,
                       fmt::format("column {} of {} is generated from other columns: it cannot be "
                                   "kept",
                                   name, preflight->table()),
                       "Take it out of `preserve`");
}

}  // namespace

CheckResult check_preserve(Preflight* preflight) {
  if (preflight->job->preserve.empty()) co_return Result<void>{};
  for (const std::string& name : preflight->job->preserve) check_column(preflight, name);
  const std::string trigger = keep_trigger(preflight->job->name);
  const std::vector<pg::Param> params{preflight->oid(), trigger};
  std::string sql = std::string{with_tree} + std::string{later_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.at(0);
  const std::string later = pg::text_field(row, 0);
  if (!later.empty()) {
    preflight->refuse(
        fmt::format("triggers of {} fire behind the one that keeps the columns of `preserve`, and "
                    "could change them again: {}",
                    preflight->table(), later),
        fmt::format("Give them names that sort before {}", quote_identifier(trigger)));
  }
  if (!pg::bool_field(row, 1)) {
    const std::string owner = quote_identifier(pg::text_field(row, 2));
    const std::string user = quote_identifier(pg::text_field(row, 3));
    preflight->refuse(fmt::format("`preserve` needs the owner of {}, which is {}, and {} is no "
                                  "member of that role",
                                  preflight->table(), owner, user),
                      fmt::format("GRANT {} TO {}, or run the job as the owner", owner, user));
  }
  if (!pg::bool_field(row, 4)) {
    const std::string user = quote_identifier(pg::text_field(row, 3));
    preflight->refuse(fmt::format("`preserve` makes a function in schema backfill, and {} may not "
                                  "create any there",
                                  user),
                      fmt::format("GRANT CREATE ON SCHEMA backfill TO {}", user));
  }
  preflight->note(fmt::format(
      "trigger {} keeps {} as they are in the rows that the job changes; it "
      "is there while the job copies and proves",
      quote_identifier(trigger), fmt::format("{}", fmt::join(preflight->job->preserve, ", "))));
  co_return Result<void>{};
}

}  // namespace backfill
