#include "signals/slot_wal_signal.hpp"

#include <utility>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// Of all databases, for they share the disk. A temporary slot goes with its session.
constexpr const char* slots_sql = R"(
SELECT s.slot_name, s.active, coalesce(s.wal_status, ''),
       (pg_catalog.pg_current_wal_lsn() - s.restart_lsn)::bigint, s.safe_wal_size
FROM pg_catalog.pg_replication_slots AS s WHERE NOT s.temporary ORDER BY 1)";

std::optional<ByteCount> bytes(const pg::Row& row, std::size_t column) {
  const auto value = pg::optional_integer_field(row, column);
  if (!value) return std::nullopt;
  return ByteCount{*value};
}

}  // namespace

pg::asio::awaitable<Result<Reading>> SlotWalSignal::read(pg::Connection* connection) {
  std::vector<pg::Param> none;
  const Result<pg::Rows> rows =
      co_await connection->query(slots_sql, std::move(none), read_deadline);
  if (!rows) co_return rows.error();
  std::vector<SlotWalReading> readings;
  for (const pg::Row& row : rows->values) {
    SlotWalReading slot;
    slot.name = pg::text_field(row, 0);
    slot.active = pg::bool_field(row, 1);
    slot.wal_status = pg::text_field(row, 2);
    slot.retained = bytes(row, 3);
    slot.safe = bytes(row, 4);
    readings.push_back(std::move(slot));
  }
  SlotWal::Report report = slots_.on_reading(readings, pg::now());
  Reading reading;
  reading.signals.push_back(std::move(report.signal));
  reading.notes = std::move(report.notes);
  co_return reading;
}

}  // namespace backfill
