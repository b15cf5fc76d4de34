#include "signals/wal_rate_signal.hpp"

#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};
constexpr double megabyte = 1024.0 * 1024.0;

/// The insert position: what is being written, whether it has reached the disk or not.
constexpr const char* position_sql =
    "SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";

}  // namespace

pg::asio::awaitable<Result<Reading>> WalRateSignal::read(pg::Connection* connection) {
  std::vector<pg::Param> none;
  const Result<pg::Rows> rows =
      co_await connection->query(position_sql, std::move(none), read_deadline);
  if (!rows) co_return rows.error();
  Reading reading;
  const Instant at = pg::now();
  rate_.on_sample(pg::integer_field(rows->values.front(), 0), at);
  if (!limits_) co_return reading;
  // One sample is no rate yet; until the second one the source counts as not heard.
  const std::optional<double> rate = rate_.bytes_per_second();
  if (!rate) co_return reading;
  Signal signal;
  signal.name = name();
  signal.value = *rate / megabyte;
  signal.slow = static_cast<double>(limits_->slow.value) / megabyte;
  signal.stop = static_cast<double>(limits_->stop.value) / megabyte;
  signal.taken_at = at;
  signal.text =
      fmt::format("the log grows by {:.1f} MB/s of {:.1f} MB/s", signal.value, signal.stop);
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
