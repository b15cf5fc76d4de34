#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

/// The role may see how far the standbys are behind: without that the job would wait for a reading
/// that never comes. Logical slots show their position to everybody.
namespace backfill {

namespace {

/// $1: throttle.replica_lag.ignore.
constexpr std::string_view hidden_sql = R"(
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_literal(r.application_name), ', '),
       pg_catalog.min(r.application_name), current_user
FROM pg_catalog.pg_stat_replication AS r
LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.active_pid = r.pid
WHERE r.state IS NULL AND s.slot_type IS DISTINCT FROM 'logical'
  AND r.application_name <> ALL ($1::text[])
  AND coalesce(s.slot_name::text, '') <> ALL ($1::text[]))";

}  // namespace

CheckResult check_standbys(Preflight* preflight) {
  if (preflight->in_recovery) co_return Result<void>{};
  const std::vector<std::string>& ignored = preflight->job->throttle.replica_lag.ignore;
  std::vector<pg::Param> params;
  params.emplace_back(pg::text_array(ignored));
  std::string sql{hidden_sql};
  const auto rows = co_await ask(preflight, std::move(sql), std::move(params));
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.at(0);
  if (pg::is_null(row, 0)) co_return Result<void>{};
  const std::string user = quote_identifier(pg::text_field(row, 2));
  preflight->refuse(
      fmt::format("{} may not see how far the standbys are behind (application_name {})", user,
                  pg::text_field(row, 0)),
      fmt::format("GRANT pg_monitor TO {}, or let them lag: throttle.replica_lag.ignore: [\"{}\"]",
                  user, pg::text_field(row, 1)));
  co_return Result<void>{};
}

}  // namespace backfill
