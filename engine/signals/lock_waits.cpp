#include "signals/lock_waits.hpp"

#include <utility>

#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// pg_blocking_pids is asked for the waiting sessions only: it locks the lock table for each call.
constexpr const char* waits_sql = R"(
SELECT waiting.pid, blocking.pid
FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks AS l
      WHERE NOT l.granted AND l.pid <> ALL ($1::int[])) AS waiting
CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocking(pid)
WHERE blocking.pid = ANY ($1::int[]))";

}  // namespace

pg::asio::awaitable<Result<std::vector<LockWait>>> read_lock_waits(pg::Connection* connection,
                                                                   std::vector<int> ours) {
  const std::vector<std::int64_t> pids(ours.begin(), ours.end());
  std::vector<pg::Param> params;
  params.emplace_back(pg::integer_array(pids));
  const Result<pg::Rows> rows =
      co_await connection->query(waits_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  std::vector<LockWait> waits;
  for (const pg::Row& row : rows->values) {
    waits.push_back(
        {static_cast<int>(pg::integer_field(row, 0)), static_cast<int>(pg::integer_field(row, 1))});
  }
  co_return waits;
}

}  // namespace backfill
