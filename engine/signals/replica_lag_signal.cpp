#include "signals/replica_lag_signal.hpp"

#include <algorithm>
#include <vector>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// Every sender, every slot, and which belong together. A logical slot of another database holds
/// nothing that this job writes. What a logical consumer has kept is its slot's business: what it
/// reports as replayed may be what it has only received. One row always comes (the LEFT JOIN): it
/// has the primary's position and its cluster. Ordered by age, so that numbered names stay with
/// their standbys.
constexpr const char* readings_sql = R"(
SELECT (pg_catalog.pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint, cluster.system_identifier,
       found.*
FROM pg_catalog.pg_control_system() AS cluster LEFT JOIN (
  SELECT coalesce(r.application_name, ''),
         coalesce(pg_catalog.host(r.client_addr), 'local'),
         coalesce(s.slot_name::text, ''),
         r.pid IS NOT NULL OR coalesce(s.active, false),
         coalesce(r.state IN ('startup', 'backup'), false),
         coalesce(s.slot_type = 'logical', false),
         coalesce(s.temporary, false),
         r.pid IS NOT NULL AND r.state IS NULL,
         (CASE WHEN s.slot_type = 'logical' THEN s.confirmed_flush_lsn ELSE r.replay_lsn END
            - '0/0'::pg_lsn)::bigint,
         CASE WHEN s.slot_type IS DISTINCT FROM 'logical'
              THEN (extract(epoch FROM r.replay_lag) * 1000000)::bigint END,
         CASE WHEN s.slot_type IS DISTINCT FROM 'logical'
              THEN (extract(epoch FROM pg_catalog.clock_timestamp() - r.reply_time)
                    * 1000000)::bigint END,
         (pg_catalog.pg_current_wal_lsn() - s.restart_lsn)::bigint,
         coalesce(s.wal_status, ''),
         CASE WHEN s.slot_type IS DISTINCT FROM 'logical'
              THEN (r.flush_lsn - '0/0'::pg_lsn)::bigint END
  FROM pg_catalog.pg_stat_replication AS r
  FULL JOIN pg_catalog.pg_replication_slots AS s ON s.active_pid = r.pid
  WHERE s.slot_type IS DISTINCT FROM 'logical' OR s.database = pg_catalog.current_database()
  ORDER BY r.backend_start, r.pid, s.slot_name
) AS found(application_name, address, slot, connected, starting, logical, temporary, hidden,
           replayed, replay_lag, reply_age, retained, wal_status, received) ON true)";

std::optional<Duration> micros(const pg::Row& row, std::size_t column) {
  const auto value = pg::optional_integer_field(row, column);
  if (!value) return std::nullopt;
  return Duration{std::max<std::int64_t>(0, *value)};
}

ReplicationReading reading_of(const pg::Row& row) {
  ReplicationReading reading;
  reading.application_name = pg::text_field(row, 2);
  reading.address = pg::text_field(row, 3);
  reading.slot = pg::text_field(row, 4);
  reading.connected = pg::bool_field(row, 5);
  reading.starting = pg::bool_field(row, 6);
  reading.logical = pg::bool_field(row, 7);
  reading.temporary = pg::bool_field(row, 8);
  reading.hidden = pg::bool_field(row, 9);
  if (const auto replayed = pg::optional_integer_field(row, 10)) {
    reading.replayed = WalPosition{*replayed};
  }
  reading.replay_lag = micros(row, 11);
  reading.reply_age = micros(row, 12);
  if (const auto retained = pg::optional_integer_field(row, 13)) {
    reading.retained = ByteCount{*retained};
  }
  reading.wal_status = pg::text_field(row, 14);
  if (const auto received = pg::optional_integer_field(row, 15)) {
    reading.received = WalPosition{*received};
  }
  return reading;
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

pg::asio::awaitable<Result<Reading>> ReplicaLagSignal::read(pg::Connection* connection) {
  std::vector<pg::Param> none;
  // A position counts as of the moment of asking: an answer that is long on its way would make it
  // younger than it is, and a standby that stands still there with it.
  const Instant at = pg::now();
  const Result<pg::Rows> rows =
      co_await connection->query(readings_sql, std::move(none), read_deadline);
  if (!rows) co_return rows.error();
  std::vector<ReplicationReading> readings;
  for (const pg::Row& row : rows->values) {
    if (!pg::is_null(row, 5)) readings.push_back(reading_of(row));
  }
  const WalPosition primary{pg::integer_field(rows->values.front(), 0)};
  primary_->history.add(primary, at);
  primary_->system_identifier = pg::text_field(rows->values.front(), 1);
  Result<StandbyRoster::Report> report = roster_.on_reading(readings, primary, at);
  if (!report) co_return report.error();
  Reading reading;
  reading.signals = std::move(report->signals);
  reading.ended = std::move(report->ended);
  reading.notes = std::move(report->notes);
  // The source itself has been heard, also where there is no standby at all.
  Signal heard;
  heard.name = name();
  heard.slow = seconds(settings_.slow);
  heard.stop = seconds(settings_.stop);
  heard.taken_at = at;
  reading.signals.push_back(std::move(heard));
  co_return reading;
}

}  // namespace backfill
