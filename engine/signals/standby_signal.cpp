#include "signals/standby_signal.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// Whether replay is paused may be asked during recovery only.
constexpr const char* standby_sql = R"(
SELECT pg_catalog.pg_is_in_recovery(),
       (pg_catalog.pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint,
       (extract(epoch FROM pg_catalog.clock_timestamp()
                           - pg_catalog.pg_last_xact_replay_timestamp()) * 1000000)::bigint,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() END,
       (SELECT s.system_identifier FROM pg_catalog.pg_control_system() AS s))";

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

LagEstimate StandbySignal::estimate(WalPosition replayed, std::optional<Duration> last_commit,
                                    Instant asked_at) {
  const Instant now = pg::now();
  const WalHistory::Age age = primary_->history.age_of(replayed, now).value_or(WalHistory::Age{});
  LagEstimate lag;
  lag.lag = age.age;
  lag.basis = LagBasis::position_age;
  lag.at_least = age.at_least;
  // Beside an idle primary the last commit is old without any lag: something must have waited.
  if (age.at_least && lag.lag > settings_.slow && last_commit) {
    lag.lag = std::max(lag.lag, *last_commit);
  }
  const std::optional<WalPosition> written = primary_->history.written_by(asked_at);
  if (written) {
    speed_.on_position(replayed, *written, asked_at);
    lag.bytes = ByteCount{std::max<std::int64_t>((*written - replayed).value, 0)};
  }
  look_ahead(&lag, written ? speed_.catch_up(*written, now) : std::nullopt);
  return lag;
}

pg::asio::awaitable<Result<Reading>> StandbySignal::read(pg::Connection* connection) {
  std::vector<pg::Param> none;
  const Instant asked_at = pg::now();
  const Result<pg::Rows> rows =
      co_await connection->query(standby_sql, std::move(none), read_deadline);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.front();
  if (!pg::bool_field(row, 0)) {
    co_return fatal_error(label_ + " is no standby: it has been promoted, or never was one",
                          "correct throttle.replica_lag.standbys");
  }
  if (primary_->system_identifier.empty()) {
    co_return fatal_error("the primary's position has not been read yet");
  }
  if (pg::text_field(row, 4) != primary_->system_identifier) {
    co_return fatal_error(label_ + " is a standby of another cluster",
                          "correct throttle.replica_lag.standbys");
  }
  const std::optional<std::int64_t> replayed = pg::optional_integer_field(row, 1);
  if (!replayed) co_return fatal_error(label_ + " has not replayed anything yet");
  std::optional<Duration> last_commit;
  if (const auto micros = pg::optional_integer_field(row, 2)) last_commit = Duration{*micros};
  const LagEstimate lag = estimate(WalPosition{*replayed}, last_commit, asked_at);
  Signal signal;
  signal.name = name();
  signal.value = seconds(lag.lag);
  signal.seen = seconds(lag.seen);
  if (lag.unknown) signal.value = std::max(signal.value, seconds(settings_.stop));
  signal.slow = seconds(settings_.slow);
  signal.stop = seconds(settings_.stop);
  signal.taken_at = asked_at;
  signal.text = lag_text(label_, lag, settings_.stop);
  if (pg::text_field(row, 3) == "t") signal.text += "; its replay is paused";
  Reading reading;
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
