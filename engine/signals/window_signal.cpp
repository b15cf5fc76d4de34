#include "signals/window_signal.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/time_window.hpp"
#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// Parentheses around a cast, or AT TIME ZONE would bind to the wrong side.
constexpr const char* local_time_sql = R"(
SELECT pg_catalog.floor(extract(epoch FROM t.here::time))::bigint, pg_catalog.to_char(t.here, 'HH24:MI')
FROM (SELECT pg_catalog.clock_timestamp() AT TIME ZONE $1::text AS here) AS t)";

}  // namespace

pg::asio::awaitable<Result<Reading>> WindowSignal::read(pg::Connection* connection) {
  const TimeWindow window = *window_;
  std::vector<pg::Param> params;
  params.emplace_back(window.zone);
  const Result<pg::Rows> rows =
      co_await connection->query(local_time_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.front();
  Signal signal;
  signal.name = name();
  signal.value = is_open(window, pg::integer_field(row, 0)) ? 0.0 : 1.0;
  signal.slow = 0.5;
  signal.stop = 1.0;
  signal.taken_at = pg::now();
  signal.text = fmt::format("outside of the window {} (it is {} there)", time_window_text(window),
                            pg::text_field(row, 1));
  Reading reading;
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
