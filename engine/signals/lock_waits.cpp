#include "signals/lock_waits.hpp"

#include <utility>

#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// pg_blocking_pids is asked for the waiting sessions of others only: it locks the lock table for
/// each call. One of ours that waits comes with no blocker.
constexpr const char* waits_sql = R"(
SELECT waiting.pid, blocking.pid
FROM (SELECT DISTINCT l.pid, l.pid = ANY ($1::int[]) AS ours
        FROM pg_catalog.pg_locks AS l WHERE NOT l.granted) AS waiting
LEFT JOIN LATERAL (
  SELECT b.pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS b(pid)
   WHERE NOT waiting.ours AND b.pid = ANY ($1::int[])) AS blocking ON true
WHERE waiting.ours OR blocking.pid IS NOT NULL)";

}  // namespace

pg::asio::awaitable<Result<LockLook>> read_lock_waits(pg::Connection* connection,
                                                      std::vector<int> ours) {
  const std::vector<std::int64_t> pids(ours.begin(), ours.end());
  std::vector<pg::Param> params;
  params.emplace_back(pg::integer_array(pids));
  const Result<pg::Rows> rows =
      co_await connection->query(waits_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  LockLook look;
  for (const pg::Row& row : rows->values) {
    const int waiter = static_cast<int>(pg::integer_field(row, 0));
    if (pg::is_null(row, 1)) {
      look.held_up.push_back(waiter);
    } else {
      look.waits.push_back({waiter, static_cast<int>(pg::integer_field(row, 1))});
    }
  }
  co_return look;
}

}  // namespace backfill
