#include "signals/lock_waits.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "pg/clock.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// pg_blocking_pids is asked for the waiting sessions only: it locks the lock table for each call.
/// How long they wait is counted from our first sight of it: pg_locks.waitstart came with
/// PostgreSQL 14 only, and is null for a moment there.
constexpr const char* waits_sql = R"(
SELECT waiting.pid, blocking.pid
FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks AS l
      WHERE NOT l.granted AND l.pid <> ALL ($1::int[])) AS waiting
CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocking(pid)
WHERE blocking.pid = ANY ($1::int[]))";

}  // namespace

pg::asio::awaitable<Result<std::vector<LockWait>>> LockWaits::read(pg::Connection* connection,
                                                                   std::vector<int> ours) {
  const std::vector<std::int64_t> pids(ours.begin(), ours.end());
  std::vector<pg::Param> params;
  params.emplace_back(pg::integer_array(pids));
  const Result<pg::Rows> rows =
      co_await connection->query(waits_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  const Instant now = pg::now();
  std::vector<LockWait> waits;
  std::set<int> waiting;
  for (const pg::Row& row : rows->values) {
    const int waiter = static_cast<int>(pg::integer_field(row, 0));
    const auto seen = first_seen_.try_emplace(waiter, now).first;
    waits.push_back({waiter, static_cast<int>(pg::integer_field(row, 1)), now - seen->second});
    waiting.insert(waiter);
  }
  std::erase_if(first_seen_, [&](const auto& entry) { return !waiting.contains(entry.first); });
  co_return waits;
}

}  // namespace backfill
