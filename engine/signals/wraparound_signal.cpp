#include "signals/wraparound_signal.hpp"

#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};

/// Half-way between `slow` and `stop`: about a fifth of full speed.
constexpr double at_work = 0.5;

/// VACUUM's lock on a table, held or waited for by a session that belongs to no user: an autovacuum
/// worker. What it is there for stands in its query; where that is hidden (without pg_monitor) the
/// age of the table tells nearly the same: from autovacuum_freeze_max_age on no other vacuum by
/// autovacuum begins. vacuum_failsafe_age and vacuum_multixact_failsafe_age came with PostgreSQL
/// 14; before, their default stands for them.
constexpr const char* vacuums_sql = R"(
WITH tables AS (
  SELECT $1::oid AS oid
  UNION SELECT p.relid FROM pg_catalog.pg_partition_tree($1::oid::regclass) AS p
), relations AS (
  SELECT t.oid FROM tables AS t
  UNION SELECT c.reltoastrelid FROM pg_catalog.pg_class AS c JOIN tables AS t ON t.oid = c.oid
   WHERE c.reltoastrelid <> 0
)
SELECT v.pid, v.relation, v.granted, v.age, v.urgent, v.phase, v.percent
FROM (
  SELECT l.pid, l.relation::regclass::text AS relation, l.granted,
         pg_catalog.age(c.relfrozenxid)::bigint AS age,
         pg_catalog.age(c.relfrozenxid)::bigint >=
           coalesce(pg_catalog.current_setting('vacuum_failsafe_age', true)::bigint, 1600000000)
         OR pg_catalog.mxid_age(c.relminmxid)::bigint >=
           coalesce(pg_catalog.current_setting('vacuum_multixact_failsafe_age', true)::bigint,
                    1600000000) AS urgent,
         p.phase,
         CASE WHEN p.heap_blks_total > 0
              THEN 100 * p.heap_blks_scanned / p.heap_blks_total END AS percent,
         a.query,
         pg_catalog.age(c.relfrozenxid)::bigint > least(
           pg_catalog.current_setting('autovacuum_freeze_max_age')::bigint,
           (SELECT o.option_value::bigint FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
             WHERE o.option_name = 'autovacuum_freeze_max_age'))
         OR pg_catalog.mxid_age(c.relminmxid)::bigint > least(
           pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::bigint,
           (SELECT o.option_value::bigint FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
             WHERE o.option_name = 'autovacuum_multixact_freeze_max_age')) AS old
    FROM pg_catalog.pg_locks AS l
    JOIN relations AS r ON r.oid = l.relation
    JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
    JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid AND a.usesysid IS NULL
    LEFT JOIN pg_catalog.pg_stat_progress_vacuum AS p ON p.pid = l.pid AND p.relid = l.relation
   WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock'
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                        WHERE d.datname = pg_catalog.current_database())
) AS v
WHERE CASE WHEN v.query LIKE 'autovacuum: %' THEN v.query LIKE '%(to prevent wraparound)'
           ELSE v.old END
ORDER BY v.age DESC LIMIT 1)";

std::string text_of(const pg::Row& row) {
  const bool granted = pg::bool_field(row, 2);
  std::string text = fmt::format("autovacuum {} {} to prevent wraparound (pid {}",
                                 granted ? "works on" : "waits for", pg::text_field(row, 1),
                                 pg::integer_field(row, 0));
  if (!pg::is_null(row, 5)) text += ", " + pg::text_field(row, 5);
  if (const auto percent = pg::optional_integer_field(row, 6)) {
    text += fmt::format(", {} % read", *percent);
  }
  return text + fmt::format("; the oldest transaction in it is {:.1f} million back)",
                            static_cast<double>(pg::integer_field(row, 3)) / 1e6);
}

}  // namespace

pg::asio::awaitable<Result<Reading>> WraparoundSignal::read(pg::Connection* connection) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(table_));
  const Result<pg::Rows> rows =
      co_await connection->query(vacuums_sql, std::move(params), read_deadline);
  if (!rows) co_return rows.error();
  Signal signal;
  signal.name = name();
  signal.stop = 1.0;
  signal.taken_at = pg::now();
  if (!rows->values.empty()) {
    const pg::Row& row = rows->values.front();
    const bool in_danger = pg::bool_field(row, 4);
    signal.value = in_danger || wish_ == WraparoundVacuum::stop ? signal.stop : at_work;
    signal.text = text_of(row);
  }
  Reading reading;
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
