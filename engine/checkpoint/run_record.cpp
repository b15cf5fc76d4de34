#include "checkpoint/run_record.hpp"

#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

using pg::asio::awaitable;

/// A second try knows what a first one wrote whose answer was lost.
constexpr const char* run_sql = R"(
INSERT INTO backfill.runs AS r (job_id, epoch, command, os_user, host, pid, rows_passed,
                                rows_changed, batches, retries, time_lost, exit_code, outcome,
                                ended_at)
VALUES ($1::bigint, $2::bigint, $3, $4, $5, $6::integer, $7::bigint, $8::bigint, $9::bigint,
        $10::bigint, $11::jsonb, $12::smallint, $13,
        CASE WHEN $12::smallint IS NOT NULL THEN pg_catalog.clock_timestamp() END)
ON CONFLICT (job_id, epoch) DO UPDATE
  SET seen_at = pg_catalog.clock_timestamp(), rows_passed = excluded.rows_passed,
      rows_changed = excluded.rows_changed, batches = excluded.batches,
      retries = excluded.retries, time_lost = excluded.time_lost, exit_code = excluded.exit_code,
      outcome = excluded.outcome, ended_at = excluded.ended_at)";

constexpr const char* sample_sql = R"(
INSERT INTO backfill.samples (job_id, no, epoch, span_s, phase, rows_passed, rows_changed, batches,
                              retries, batch_rows, batch_ms, batch_ms_max, lag_s, workers,
                              limited_by, time_lost, at)
SELECT $1::bigint, coalesce(pg_catalog.max(s.no), 0) + 1, $2::bigint, $3::double precision, $4,
       $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10::double precision,
       $11::double precision, $12::double precision, $13::double precision, $14, $15::jsonb,
       pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $16::double precision)
  FROM backfill.samples s WHERE s.job_id = $1::bigint
RETURNING no)";

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string lost_json(const std::map<std::string, Duration>& time_lost) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, lost] : time_lost) json[name] = seconds(lost);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <class T>
pg::Param number(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return fmt::format("{}", *value);
}

pg::Param number(std::int64_t value) {
  return std::to_string(value);
}

}  // namespace

awaitable<Result<void>> write_run(pg::Connection* connection, RunRecord run) {
  std::vector<pg::Param> params;
  params.push_back(number(run.job.value));
  params.push_back(number(run.epoch.value));
  params.emplace_back(std::move(run.command));
  params.emplace_back(std::move(run.os_user));
  params.emplace_back(std::move(run.host));
  params.push_back(number(run.pid));
  params.push_back(number(run.totals.rows_passed));
  params.push_back(number(run.totals.rows_changed));
  params.push_back(number(run.totals.batches));
  params.push_back(number(run.totals.retries));
  params.emplace_back(lost_json(run.time_lost));
  params.push_back(number(run.exit_code));
  params.push_back(run.exit_code ? pg::Param(std::move(run.outcome)) : std::nullopt);
  std::string sql = run_sql;
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<void>{std::move(rows.error())};
  co_return Result<void>{};
}

awaitable<Result<std::int64_t>> write_sample(pg::Connection* connection, JobId job, Epoch epoch,
                                             Sample sample, Duration ago) {
  std::vector<pg::Param> params;
  params.push_back(number(job.value));
  params.push_back(number(epoch.value));
  params.emplace_back(fmt::format("{}", seconds(sample.span)));
  params.emplace_back(std::move(sample.phase));
  params.push_back(number(sample.rows_passed));
  params.push_back(number(sample.rows_changed));
  params.push_back(number(sample.batches));
  params.push_back(number(sample.retries));
  params.push_back(number(sample.batch_rows));
  params.push_back(number(sample.batch_ms));
  params.push_back(number(sample.batch_ms_max));
  params.push_back(number(sample.lag_s));
  params.emplace_back(fmt::format("{}", sample.workers));
  params.emplace_back(std::move(sample.limited_by));
  params.emplace_back(lost_json(sample.time_lost));
  params.emplace_back(fmt::format("{}", seconds(ago)));
  std::string sql = sample_sql;
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::int64_t>{std::move(rows.error())};
  co_return Result<std::int64_t>{pg::integer_field(rows->values.at(0), 0)};
}

}  // namespace backfill
