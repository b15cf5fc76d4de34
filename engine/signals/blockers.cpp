#include "signals/blockers.hpp"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};
constexpr std::size_t blockers_shown = 5;

/// From each waiting process along those in its way, to those who wait for nobody. UNION and the
/// depth end it where two wait for each other. A prepared transaction blocks with pid 0; its name
/// follows from the transaction that is waited for.
constexpr const char* blockers_sql = R"(
WITH RECURSIVE queue(waiter, pid, depth) AS (
  SELECT w.pid, b.pid, 1
    FROM pg_catalog.unnest($1::int[]) AS w(pid)
   CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid)
  UNION
  SELECT q.waiter, b.pid, q.depth + 1
    FROM queue AS q
   CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(q.pid)) AS b(pid)
   WHERE q.depth < 8
)
SELECT DISTINCT q.waiter, q.pid, a.usename, a.application_name, a.state,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start),
       CASE WHEN q.pid = 0 THEN (
         SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_literal(p.gid), ', ')
           FROM pg_catalog.pg_locks AS l
           JOIN pg_catalog.pg_prepared_xacts AS p ON p.transaction = l.transactionid
          WHERE l.pid = q.waiter AND NOT l.granted) END
FROM queue AS q LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = q.pid
WHERE pg_catalog.cardinality(pg_catalog.pg_blocking_pids(q.pid)) = 0
ORDER BY 1, 2)";

std::string or_unknown(const pg::Param& text, std::string_view none) {
  if (!text) return "unknown";
  return text->empty() ? std::string{none} : *text;
}

std::string blocker_text(const pg::Row& row) {
  if (pg::integer_field(row, 1) != 0) return session_text(row, 1);
  const pg::Param& names = pg::field(row, 6);
  return names ? fmt::format("prepared transaction {}", *names)
               : "a prepared transaction (see pg_prepared_xacts)";
}

/// The rows of one waiter stand together.
void add(std::vector<Blocked>& found, std::size_t& shown, const pg::Row& row) {
  const int waiter = static_cast<int>(pg::integer_field(row, 0));
  if (found.empty() || found.back().waiter_pid != waiter) {
    found.push_back({waiter, blocker_text(row)});
    shown = 1;
    return;
  }
  ++shown;
  if (shown <= blockers_shown) found.back().by += ", " + blocker_text(row);
  if (shown == blockers_shown + 1) found.back().by += " and others";
}

}  // namespace

std::string session_text(const pg::Row& row, std::size_t first) {
  std::string text =
      fmt::format("session {} (user {}, application {}", pg::integer_field(row, first),
                  or_unknown(pg::field(row, first + 1), "none"),
                  or_unknown(pg::field(row, first + 2), "unnamed"));
  if (!pg::is_null(row, first + 3))
    text += ", " + or_unknown(pg::field(row, first + 3), "starting");
  const auto age = pg::optional_number_field(row, first + 4);
  if (age) text += fmt::format(", its transaction {:.1f} s old", *age);
  return text + ")";
}

pg::asio::awaitable<Result<std::vector<Blocked>>> read_blockers(pg::Connection* connection,
                                                                std::vector<int> waiting) {
  const std::vector<std::int64_t> pids(waiting.begin(), waiting.end());
  std::vector<pg::Param> params;
  params.emplace_back(pg::integer_array(pids));
  const Result<pg::Rows> rows =
      co_await connection->query(blockers_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  std::vector<Blocked> found;
  std::size_t shown = 0;
  for (const pg::Row& row : rows->values) add(found, shown, row);
  co_return found;
}

}  // namespace backfill
