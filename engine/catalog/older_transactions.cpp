#include "catalog/older_transactions.hpp"

#include <utility>

#include "pg/field.hpp"

namespace backfill {
namespace {

constexpr Duration deadline = std::chrono::seconds{15};

/// The transaction that made the trigger stands in its row's xmin. What others have written shows
/// in pg_locks, where every role sees it; what they look at in backend_xmin, which a role without
/// pg_read_all_stats sees of its own sessions alone.
constexpr const char* older_sql = R"(
WITH mark AS (
  SELECT pg_catalog.age(t.xmin) AS age FROM pg_catalog.pg_trigger AS t
  WHERE t.tgrelid = $1::oid AND t.tgname = $2 AND t.tgenabled = 'A')
SELECT NULL, NULL FROM mark
UNION ALL
(SELECT pg_catalog.format('session %s (user %s, application %s, %s, its transaction %s s old)',
                          a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'unnamed'),
                          coalesce(a.state, 'state unknown'),
                          coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)
                                   ::numeric(12, 1)::text, '?')),
        a.xact_start
 FROM mark, pg_catalog.pg_stat_activity AS a
 WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
   AND coalesce(a.backend_type, '') NOT IN ('walsender', 'autovacuum worker')
   AND (pg_catalog.age(a.backend_xmin) >= mark.age OR EXISTS (
     SELECT FROM pg_catalog.pg_locks AS l
     WHERE l.pid = a.pid AND l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
       AND pg_catalog.age(l.transactionid) > mark.age)))
UNION ALL
(SELECT pg_catalog.format('prepared transaction %L of %s', p.gid, p.owner), p.prepared
 FROM mark, pg_catalog.pg_prepared_xacts AS p
 WHERE p.database = pg_catalog.current_database() AND pg_catalog.age(p.transaction) > mark.age)
ORDER BY 2 NULLS FIRST)";

}  // namespace

asio::awaitable<Result<OlderTransactions>> older_transactions(pg::Connection* connection,
                                                              std::uint32_t table,
                                                              std::string trigger) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(table));
  params.emplace_back(std::move(trigger));
  const auto rows = co_await connection->query(older_sql, std::move(params), deadline);
  if (!rows) co_return rows.error();
  OlderTransactions older;
  older.trigger_exists = !rows->values.empty();
  for (const pg::Row& row : rows->values) {
    if (!pg::is_null(row, 0)) older.sessions.push_back(pg::text_field(row, 0));
  }
  co_return older;
}

}  // namespace backfill
