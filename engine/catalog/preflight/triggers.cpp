#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// The user's triggers fire for each row of a backfill, unless the job bypasses them.
namespace backfill {
namespace {

/// $1 the table, $2 the set columns, $3 the states of tgenabled in which one fires. Bit 4 of tgtype
/// is UPDATE, bit 0 FOR EACH ROW, bit 1 BEFORE. `UPDATE OF` counts by the columns that a statement
/// sets. The copies that partitions hold of their parent's triggers are left out.
constexpr std::string_view triggers_sql = R"(
SELECT pg_catalog.string_agg(
         pg_catalog.format('%I (%s, %s, calls %s)', t.tgname,
                           CASE WHEN t.tgtype & 2 <> 0 THEN 'before' ELSE 'after' END,
                           CASE WHEN t.tgtype & 1 <> 0 THEN 'for each row' ELSE 'once a batch' END,
                           t.tgfoid::regproc), '; ' ORDER BY t.tgname)
FROM tree JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = tree.oid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgtype & 16 <> 0
  AND t.tgenabled::text = ANY ($3::text[])
  AND (pg_catalog.cardinality(t.tgattr::int2[]) = 0 OR EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr)
          AND a.attname = ANY ($2::text[]))))";

/// Foreign keys of others that point at a set column, and what an update of it does to their rows.
constexpr std::string_view cascades_sql = R"(
SELECT pg_catalog.string_agg(DISTINCT
         pg_catalog.format('%s (%I, ON UPDATE %s)', k.conrelid::regclass, k.conname,
                           CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
                                              ELSE 'SET DEFAULT' END), '; ')
FROM tree JOIN pg_catalog.pg_constraint AS k ON k.confrelid = tree.oid
WHERE k.contype = 'f' AND k.confupdtype IN ('c', 'n', 'd') AND k.conparentid = 0
  AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = tree.oid AND a.attnum = ANY (k.confkey)
                AND a.attname = ANY ($2::text[])))";

CheckResult check_cascades(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid(), preflight->set_columns()};
  std::string sql = std::string{with_tree} + std::string{cascades_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  const std::string cascades = pg::text_field(rows->values.at(0), 0);
  if (!cascades.empty()) {
    preflight->warn(
        fmt::format("rows of other tables change with those of {}: {}", preflight->table(),
                    cascades),
        "Their triggers fire, too, and a batch locks them as well: plan for smaller batches");
  }
  co_return Result<void>{};
}

asio::awaitable<Result<std::string>> triggers_in(Preflight* preflight, std::string states) {
  const std::vector<pg::Param> params{preflight->oid(), preflight->set_columns(),
                                      std::move(states)};
  std::string sql = std::string{with_tree} + std::string{triggers_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  co_return pg::text_field(rows->values.at(0), 0);
}

CheckResult check_bypass(Preflight* preflight) {
  std::string sql = "SELECT pg_catalog.set_config('session_replication_role', 'replica', true)";
  const auto allowed = co_await ask(preflight, std::move(sql));
  if (!allowed && connection_lost(allowed.error())) co_return allowed.error();
  if (!allowed) {
    preflight->refuse(
        "`user_triggers: bypass` sets session_replication_role, which this role may "
        "not: " +
            allowed.error().message,
        "GRANT SET ON PARAMETER session_replication_role (PostgreSQL 15 and later), "
        "run as a superuser, or leave `user_triggers: fire`");
    co_return Result<void>{};
  }
  std::string back = "SELECT pg_catalog.set_config('session_replication_role', 'origin', true)";
  const auto restored = co_await ask(preflight, std::move(back));
  if (!restored) co_return restored.error();
  const auto skipped = co_await triggers_in(preflight, "{O}");
  if (!skipped) co_return skipped.error();
  preflight->note(
      skipped->empty()
          ? std::string{"`user_triggers: bypass` has no trigger to bypass; foreign keys "
                        "of set columns are not checked either"}
          : fmt::format("triggers of {} are bypassed: {}; foreign keys of set columns "
                        "are not checked either",
                        preflight->table(), *skipped));
  co_return Result<void>{};
}

}  // namespace

CheckResult check_triggers(Preflight* preflight) {
  const bool bypass = preflight->job->safety.user_triggers == UserTriggers::bypass;
  if (bypass) {
    const Result<void> checked = co_await check_bypass(preflight);
    if (!checked) co_return checked.error();
  }
  if (!bypass) {
    const Result<void> cascades = co_await check_cascades(preflight);
    if (!cascades) co_return cascades.error();
  }
  // ENABLE ALWAYS fires in both roles, ENABLE REPLICA only in that one.
  std::string states = bypass ? "{A,R}" : "{O,A}";
  const auto firing = co_await triggers_in(preflight, std::move(states));
  if (!firing) co_return firing.error();
  if (!firing->empty()) {
    preflight->warn(
        fmt::format("triggers of {} fire for the rows that the job changes: {}", preflight->table(),
                    *firing),
        bypass
            ? "These are ENABLEd ALWAYS or REPLICA: bypass does not reach them"
            : "If they should not, set `safety: {user_triggers: bypass}` (needs the right to set "
              "session_replication_role), or let them test current_setting('application_name')");
  }
  co_return Result<void>{};
}

}  // namespace backfill
