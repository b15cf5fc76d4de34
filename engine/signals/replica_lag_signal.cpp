#include "signals/replica_lag_signal.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// A base backup streams through a walsender as well and is nobody's standby. Standbys that share
/// one application_name (the default is "walreceiver") are told apart by address, then by pid.
constexpr const char* standbys_sql = R"(
SELECT CASE WHEN count(*) OVER (PARTITION BY r.application_name) = 1 THEN r.application_name
            WHEN r.client_addr IS NOT NULL
                 AND count(*) OVER (PARTITION BY r.application_name, r.client_addr) = 1
            THEN r.application_name || '@' || pg_catalog.host(r.client_addr)
            ELSE r.application_name || '/' || r.pid END,
       (pg_catalog.pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint,
       (r.replay_lsn - '0/0'::pg_lsn)::bigint,
       (extract(epoch FROM r.replay_lag) * 1000000)::bigint,
       (extract(epoch FROM pg_catalog.clock_timestamp() - r.reply_time) * 1000000)::bigint,
       r.state IS NULL
FROM pg_catalog.pg_stat_replication AS r
WHERE r.state IS NULL OR r.state NOT IN ('startup', 'backup'))";

std::optional<Duration> micros(const pg::Row& row, std::size_t column) {
  const auto value = pg::optional_integer_field(row, column);
  if (!value) return std::nullopt;
  return Duration{std::max<std::int64_t>(0, *value)};
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Error not_shown() {
  Error error = fatal_error("this role may not see the standbys' positions",
                            "GRANT pg_monitor to the role that runs the job");
  error.context = "reading pg_stat_replication";
  return error;
}

}  // namespace

pg::asio::awaitable<Result<Reading>> ReplicaLagSignal::read(pg::Connection* connection) {
  std::vector<pg::Param> none;
  const Result<pg::Rows> rows =
      co_await connection->query(standbys_sql, std::move(none), read_deadline);
  if (!rows) co_return rows.error();
  Reading reading;
  std::set<std::string> present;
  const Instant at = pg::now();
  for (const pg::Row& row : rows->values) {
    const std::string standby = pg::text_field(row, 0);
    if (ignored(standby)) continue;
    if (pg::bool_field(row, 5)) co_return not_shown();
    StandbyReading seen;
    seen.at = at;
    seen.primary = WalPosition{pg::integer_field(row, 1)};
    if (const auto replayed = pg::optional_integer_field(row, 2)) {
      seen.replayed = WalPosition{*replayed};
    }
    seen.replay_lag = micros(row, 3);
    seen.reply_age = micros(row, 4);
    reading.signals.push_back(signal_of(standby, standbys_[standby].on_reading(seen), at));
    present.insert(standby);
  }
  for (auto known = standbys_.begin(); known != standbys_.end();) {
    if (ignored(known->first)) {
      reading.ended.push_back(name() + ":" + known->first);
      known = standbys_.erase(known);
      continue;
    }
    if (!present.contains(known->first)) reading.signals.push_back(gone(known->first, at));
    ++known;
  }
  // The source itself has been heard, also where there is no standby at all.
  Signal heard;
  heard.name = name();
  heard.slow = seconds(settings_.slow);
  heard.stop = seconds(settings_.stop);
  heard.taken_at = at;
  reading.signals.push_back(std::move(heard));
  co_return reading;
}

bool ReplicaLagSignal::ignored(const std::string& standby) const {
  const std::string application = standby.substr(0, standby.find_first_of("@/"));
  return std::ranges::any_of(settings_.ignore, [&](const std::string& name) {
    return name == standby || name == application;
  });
}

Signal ReplicaLagSignal::signal_of(const std::string& standby, const LagEstimate& lag,
                                   Instant at) const {
  Signal signal;
  signal.name = name() + ":" + standby;
  signal.value = seconds(lag.lag);
  signal.slow = seconds(settings_.slow);
  signal.stop = seconds(settings_.stop);
  signal.taken_at = at;
  signal.text = fmt::format("lag of {} {}{:.1f} s of {:.1f} s", standby,
                            lag.at_least ? "over " : "", signal.value, signal.stop);
  return signal;
}

Signal ReplicaLagSignal::gone(const std::string& standby, Instant at) const {
  Signal signal;
  signal.name = name() + ":" + standby;
  signal.slow = seconds(settings_.slow);
  signal.stop = seconds(settings_.stop);
  signal.value = signal.stop;
  signal.taken_at = at;
  signal.text =
      fmt::format("{} has disconnected (throttle.replica_lag.ignore lets it go)", standby);
  return signal;
}

}  // namespace backfill
