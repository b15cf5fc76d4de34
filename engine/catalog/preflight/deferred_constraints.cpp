#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// Constraints that are checked at COMMIT fail there, after the batch seemed done.
namespace backfill {
namespace {

/// $1 the table, $2 the set columns. Foreign keys and unique constraints count when they stand on a
/// set column, constraint triggers of the user when they fire on UPDATE (bit 4 of tgtype).
constexpr std::string_view deferred_sql = R"(
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(k.conname), ', ')
FROM tree
JOIN pg_catalog.pg_constraint AS k ON tree.oid IN (k.conrelid, k.confrelid) AND k.condeferred
WHERE CASE WHEN k.contype = 't' THEN EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgconstraint = k.oid AND t.tgtype & 16 <> 0 AND t.tgenabled <> 'D')
      ELSE EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = tree.oid AND a.attname = ANY ($2::text[])
          AND a.attnum = ANY (CASE WHEN k.conrelid = tree.oid THEN k.conkey ELSE k.confkey END))
      END)";

}  // namespace

CheckResult check_deferred_constraints(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid(), preflight->set_columns()};
  std::string sql = std::string{with_tree} + std::string{deferred_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  const std::string names = pg::text_field(rows->values.at(0), 0);
  if (!names.empty()) {
    preflight->note(fmt::format("constraints of {} are checked at the COMMIT of each batch ({})",
                                preflight->table(), names),
                    "A row that breaks one is found by halving its batch, and named");
  }
  co_return Result<void>{};
}

}  // namespace backfill
