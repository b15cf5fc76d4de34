#include "signals/xmin_signal.hpp"

#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// The oldest of them, with its name. A session that sits in a transaction between two statements
/// may have no snapshot, but where it has written its own transaction counts. A VACUUM's own
/// snapshot holds no other back, and a session of another database only where it is a walsender or
/// holds a slot: like the server itself.
constexpr const char* oldest_sql = R"(
SELECT h.who, pg_catalog.age(h.xmin)::bigint
FROM (
  SELECT 'session ' || a.pid AS who,
         CASE WHEN pg_catalog.age(a.backend_xid) > coalesce(pg_catalog.age(a.backend_xmin), -1)
              THEN a.backend_xid ELSE a.backend_xmin END AS xmin
    FROM pg_catalog.pg_stat_activity AS a
   WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.pid <> pg_catalog.pg_backend_pid()
     AND (a.datname = pg_catalog.current_database() OR a.datname IS NULL)
     AND coalesce(a.backend_type, '') <> 'autovacuum worker'
     -- A role without pg_monitor sees no types; an autovacuum worker has a database and no user.
     AND NOT (a.usesysid IS NULL AND a.datname IS NOT NULL)
     AND NOT pg_catalog.starts_with(coalesce(a.application_name, ''), 'backfill: ')
  UNION ALL
  SELECT 'prepared transaction ' || p.gid, p.transaction
    FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = pg_catalog.current_database()
  UNION ALL
  SELECT 'replication slot ' || s.slot_name, s.xmin
    FROM pg_catalog.pg_replication_slots AS s WHERE s.xmin IS NOT NULL
) AS h
ORDER BY pg_catalog.age(h.xmin) DESC LIMIT 1)";

}  // namespace

pg::asio::awaitable<Result<Reading>> XminSignal::read(pg::Connection* connection) {
  std::vector<pg::Param> none;
  const Result<pg::Rows> rows =
      co_await connection->query(oldest_sql, std::move(none), read_deadline);
  if (!rows) co_return rows.error();
  Reading reading;
  if (!limits_) co_return reading;
  Signal signal;
  signal.name = name();
  signal.slow = static_cast<double>(limits_->slow);
  signal.stop = static_cast<double>(limits_->stop);
  signal.taken_at = pg::now();
  if (!rows->values.empty()) {
    const pg::Row& oldest = rows->values.front();
    signal.value = static_cast<double>(pg::integer_field(oldest, 1));
    signal.text = fmt::format("{} holds VACUUM back by {:.0f} transactions, of {:.0f}",
                              pg::text_field(oldest, 0), signal.value, signal.stop);
  }
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
