#include "checkpoint/history_query.hpp"

#include <utility>

#include "checkpoint/control_schema.hpp"
#include "checkpoint/run_record.hpp"
#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

using pg::asio::awaitable;

/// A run that ended, that lives, or that was last seen some time ago.
constexpr const char* runs_sql = R"(
SELECT j.name, r.epoch, r.command, r.role, r.os_user, r.host, r.pid,
       pg_catalog.date_trunc('second', r.started_at), pg_catalog.date_trunc('second', r.ended_at),
       EXTRACT(epoch FROM r.started_at), EXTRACT(epoch FROM coalesce(r.ended_at, seen.at)),
       EXTRACT(epoch FROM coalesce(r.ended_at, seen.at) - r.started_at),
       r.ended_at IS NULL AND l.epoch = r.epoch AND l.released_at IS NULL
         AND l.heartbeat_at + l.ttl >= pg_catalog.clock_timestamp(),
       r.exit_code, r.outcome, r.rows_passed, r.rows_changed, r.batches, r.retries, r.time_lost
  FROM backfill.runs r JOIN backfill.jobs j ON j.id = r.job_id
  LEFT JOIN backfill.leases l ON l.job_id = r.job_id
  CROSS JOIN LATERAL (
    SELECT greatest(
             r.seen_at, CASE WHEN l.epoch = r.epoch THEN l.heartbeat_at END,
             CASE WHEN r.ended_at IS NULL THEN (
               SELECT pg_catalog.max(s.at) FROM backfill.samples s
                WHERE s.job_id = r.job_id AND s.epoch = r.epoch) END) AS at) AS seen
 WHERE $1::text IS NULL OR j.name = $1::text
 ORDER BY r.started_at DESC, r.job_id DESC, r.epoch DESC LIMIT $2::bigint)";

constexpr const char* samples_sql = R"(
SELECT epoch, EXTRACT(epoch FROM at), span_s, phase, rows_passed, rows_changed, batches, retries,
       batch_rows, batch_ms, batch_ms_max, lag_s, workers, limited_by, time_lost
  FROM backfill.samples WHERE job_id = $1::bigint ORDER BY no)";

constexpr const char* phases_sql = R"(
SELECT phase, pass, pg_catalog.date_trunc('second', started_at), EXTRACT(epoch FROM started_at),
       EXTRACT(epoch FROM finished_at - started_at)
  FROM backfill.phases WHERE job_id = $1::bigint ORDER BY started_at, phase, pass)";

constexpr const char* events_sql = R"(
SELECT at, at_s, kind, reason, text FROM (
  SELECT id, pg_catalog.date_trunc('second', at) AS at, EXTRACT(epoch FROM at) AS at_s, kind,
         reason, coalesce(detail ->> 'text', detail::text) AS text
    FROM backfill.events
   WHERE job_id = $1::bigint AND reason <> 'time_lost'
     AND (kind IN ('lease', 'command', 'setting', 'error', 'retry') OR reason = 'proof'
          OR reason LIKE 'session_%' OR reason = 'run_ended')
   ORDER BY id DESC LIMIT $2::bigint) AS latest ORDER BY id)";

StoredRun run_of(const pg::Row& row) {
  StoredRun run;
  run.job = pg::text_field(row, 0);
  run.epoch = pg::integer_field(row, 1);
  run.command = pg::text_field(row, 2);
  run.role = pg::text_field(row, 3);
  run.os_user = pg::text_field(row, 4);
  run.host = pg::text_field(row, 5);
  run.pid = pg::integer_field(row, 6);
  run.started_at = pg::text_field(row, 7);
  run.ended_at = pg::field(row, 8);
  run.started_s = pg::optional_number_field(row, 9).value_or(0);
  run.seen_s = pg::optional_number_field(row, 10).value_or(0);
  run.took_s = pg::optional_number_field(row, 11).value_or(0);
  run.live = pg::bool_field(row, 12);
  run.exit_code = pg::optional_integer_field(row, 13);
  run.outcome = pg::text_field(row, 14);
  run.rows_passed = pg::integer_field(row, 15);
  run.rows_changed = pg::integer_field(row, 16);
  run.batches = pg::integer_field(row, 17);
  run.retries = pg::integer_field(row, 18);
  run.time_lost = pg::text_field(row, 19);
  return run;
}

StoredSample sample_of(const pg::Row& row) {
  StoredSample sample;
  sample.epoch = pg::integer_field(row, 0);
  sample.at_s = pg::optional_number_field(row, 1).value_or(0);
  sample.span_s = pg::optional_number_field(row, 2).value_or(0);
  sample.phase = pg::text_field(row, 3);
  sample.rows_passed = pg::integer_field(row, 4);
  sample.rows_changed = pg::integer_field(row, 5);
  sample.batches = pg::integer_field(row, 6);
  sample.retries = pg::integer_field(row, 7);
  sample.batch_rows = pg::optional_integer_field(row, 8);
  sample.batch_ms = pg::optional_number_field(row, 9);
  sample.batch_ms_max = pg::optional_number_field(row, 10);
  sample.lag_s = pg::optional_number_field(row, 11);
  sample.workers = pg::optional_number_field(row, 12).value_or(0);
  sample.limited_by = pg::text_field(row, 13);
  sample.time_lost = pg::text_field(row, 14);
  return sample;
}

StoredPhase phase_of(const pg::Row& row) {
  StoredPhase phase;
  phase.phase = pg::text_field(row, 0);
  phase.pass = static_cast<int>(pg::integer_field(row, 1));
  phase.started_at = pg::text_field(row, 2);
  phase.started_s = pg::optional_number_field(row, 3).value_or(0);
  phase.took_s = pg::optional_number_field(row, 4);
  return phase;
}

StoredEvent event_of(const pg::Row& row) {
  StoredEvent event;
  event.at = pg::text_field(row, 0);
  event.at_s = pg::optional_number_field(row, 1).value_or(0);
  event.kind = pg::text_field(row, 2);
  event.reason = pg::text_field(row, 3);
  event.text = pg::text_field(row, 4);
  return event;
}

/// The rows of a query as values.
template <class T>
awaitable<Result<std::vector<T>>> read(pg::Connection* connection, std::string sql,
                                       std::vector<pg::Param> params, T (*of)(const pg::Row&)) {
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::vector<T>>{std::move(rows.error())};
  std::vector<T> values;
  values.reserve(rows->values.size());
  for (const pg::Row& row : rows->values) values.push_back(of(row));
  co_return Result<std::vector<T>>{std::move(values)};
}

std::vector<pg::Param> parameter(JobId job) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  return params;
}

awaitable<Result<bool>> kept(pg::Connection* connection) {
  const auto version = co_await read_control_schema_version(connection);
  if (!version) co_return Result<bool>{version.error()};
  co_return Result<bool>{version->value_or(0) >= history_version};
}

}  // namespace

awaitable<Result<std::vector<StoredRun>>> read_runs(pg::Connection* connection,
                                                    std::optional<std::string> job,
                                                    std::int64_t limit) {
  const Result<bool> there = co_await kept(connection);
  if (!there) co_return Result<std::vector<StoredRun>>{there.error()};
  std::vector<StoredRun> none;
  if (!*there) co_return Result<std::vector<StoredRun>>{std::move(none)};
  std::string sql = runs_sql;
  std::vector<pg::Param> params;
  params.push_back(std::move(job));
  params.emplace_back(std::to_string(limit));
  co_return co_await read<StoredRun>(connection, std::move(sql), std::move(params), run_of);
}

awaitable<Result<std::vector<StoredSample>>> read_samples(pg::Connection* connection, JobId job) {
  const Result<bool> there = co_await kept(connection);
  if (!there) co_return Result<std::vector<StoredSample>>{there.error()};
  std::vector<StoredSample> none;
  if (!*there) co_return Result<std::vector<StoredSample>>{std::move(none)};
  std::string sql = samples_sql;
  std::vector<pg::Param> params = parameter(job);
  co_return co_await read<StoredSample>(connection, std::move(sql), std::move(params), sample_of);
}

awaitable<Result<std::vector<StoredPhase>>> read_phases(pg::Connection* connection, JobId job) {
  std::string sql = phases_sql;
  std::vector<pg::Param> params = parameter(job);
  co_return co_await read<StoredPhase>(connection, std::move(sql), std::move(params), phase_of);
}

awaitable<Result<std::vector<StoredEvent>>> read_notable_events(pg::Connection* connection,
                                                                JobId job, std::int64_t limit) {
  std::string sql = events_sql;
  std::vector<pg::Param> params = parameter(job);
  params.emplace_back(std::to_string(limit));
  co_return co_await read<StoredEvent>(connection, std::move(sql), std::move(params), event_of);
}

awaitable<Result<std::string>> read_meaning(pg::Connection* connection, JobId job) {
  std::string sql = "SELECT meaning FROM backfill.jobs WHERE id = $1::bigint";
  std::vector<pg::Param> params = parameter(job);
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::string>{std::move(rows.error())};
  if (rows->values.empty()) co_return Result<std::string>{std::string{}};
  co_return Result<std::string>{pg::text_field(rows->values.front(), 0)};
}

}  // namespace backfill
