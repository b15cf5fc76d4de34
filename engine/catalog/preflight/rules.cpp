#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// A rule rewrites UPDATE into something else: then the row count means nothing and the rows may
/// not have changed.
namespace backfill {

CheckResult check_rules(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid()};
  std::string sql =
      "SELECT pg_catalog.string_agg(pg_catalog.quote_ident(rulename), ', ' ORDER BY rulename) "
      "FROM pg_catalog.pg_rewrite WHERE ev_class = $1::oid AND ev_type = '2' AND ev_enabled <> 'D'";
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  const std::string names = pg::text_field(rows->values.at(0), 0);
  if (!names.empty()) {
    preflight->refuse(fmt::format("{} has rules on UPDATE ({}), which replace our statement by "
                                  "others",
                                  preflight->table(), names),
                      "Replace them by triggers, or ALTER TABLE … DISABLE RULE while the job runs");
  }
  co_return Result<void>{};
}

}  // namespace backfill
