#include "checkpoint/job_record.hpp"

#include <cstdlib>
#include <utility>

#include <fmt/core.h>

#include "checkpoint/run_transaction.hpp"
#include "core/sqlstate.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {
namespace {

using pg::asio::awaitable;

constexpr std::string_view job_columns =
    "id, name, kind, table_name, meaning, search_path, key_columns, phase, state, epoch, "
    "rows_estimated, finished_at, last_error, ";

/// Jobs of a schema that did not have the column yet have no ground.
constexpr std::string_view more_columns =
    "(SELECT pg_catalog.to_jsonb(j) ->> 'ground' FROM backfill.jobs AS j WHERE j.id = jobs.id), "
    "EXISTS (SELECT FROM backfill.ranges AS r WHERE r.job_id = jobs.id)";

pg::Param text_of(const std::optional<std::int64_t>& number) {
  if (!number) return std::nullopt;
  return std::to_string(*number);
}

Result<JobRecord> read_job(const pg::Row& row) {
  const auto state = parse_job_state(pg::text_field(row, 8));
  if (!state) {
    return fatal_error(fmt::format("job {} is in the unknown state \"{}\"", pg::text_field(row, 1),
                                   pg::text_field(row, 8)),
                       "A newer version of the tool may have written it.");
  }
  JobRecord job;
  job.id = JobId{pg::integer_field(row, 0)};
  job.name = pg::text_field(row, 1);
  job.kind = pg::text_field(row, 2);
  job.table = pg::text_field(row, 3);
  job.meaning = pg::text_field(row, 4);
  job.search_path = pg::text_field(row, 5);
  job.key_columns = pg::parse_text_array(pg::text_field(row, 6));
  job.phase = pg::text_field(row, 7);
  job.state = *state;
  job.epoch = Epoch{pg::integer_field(row, 9)};
  job.rows_estimated = pg::optional_integer_field(row, 10);
  job.finished_at = pg::field(row, 11);
  job.last_error = pg::field(row, 12);
  job.ground = pg::field(row, 13);
  job.begun = pg::bool_field(row, 14);
  return job;
}

std::optional<KeyValue> key_field(const pg::Row& row, std::size_t column) {
  if (pg::is_null(row, column)) return std::nullopt;
  return pg::parse_text_array(pg::text_field(row, column));
}

StoredRange read_range(const pg::Row& row) {
  StoredRange range;
  range.known.id = RangeId{pg::integer_field(row, 0)};
  range.known.bounds.after = key_field(row, 1);
  range.known.bounds.through = key_field(row, 2);
  range.known.cursor = key_field(row, 3);
  range.known.closed = pg::bool_field(row, 4);
  range.known.keys = RowCount{pg::integer_field(row, 5)};
  range.known.keys_done = RowCount{pg::integer_field(row, 6)};
  range.rows_changed = pg::integer_field(row, 7);
  range.rows_differing = pg::integer_field(row, 8);
  range.unchangeable = pg::integer_field(row, 9);
  range.batches = pg::integer_field(row, 10);
  range.uncounted = pg::bool_field(row, 11);
  range.last_xid = pg::text_field(row, 12);
  range.last_after = key_field(row, 13);
  range.last_through = key_field(row, 14);
  range.known.stripe.no = static_cast<int>(pg::integer_field(row, 15));
  range.known.stripe.of = static_cast<int>(pg::integer_field(row, 16));
  range.known.settlements = Settlements{pg::integer_field(row, 17)};
  return range;
}

/// A fenced UPDATE of the job's row that found none: the epoch has moved on.
Error lost(JobId job, Epoch epoch) {
  Error error =
      fatal_error(fmt::format("job {} is no longer held with epoch {}", job.value, epoch.value),
                  "Another runner has taken the job over: see `backfill status`.");
  error.kind = ErrorClass::lease_lost;
  error.sqlstate = std::string{sqlstate_lease_lost};
  return error;
}

/// A statement of one pass of a phase; its parameters are the job, the epoch, the phase and the
/// pass.
pg::Statement of_pass(const Fence& fence, std::string sql) {
  pg::Statement statement;
  statement.sql = std::move(sql);
  statement.params.emplace_back(std::to_string(fence.sweep.job.value));
  statement.params.emplace_back(std::to_string(fence.epoch.value));
  statement.params.emplace_back(fence.sweep.phase);
  statement.params.emplace_back(std::to_string(fence.sweep.pass));
  return statement;
}

/// Runs one fenced statement in a transaction of its own that commits synchronously.
awaitable<Result<void>> run_fenced(pg::Connection* connection, JobId job, Epoch epoch,
                                   pg::Statement statement) {
  TransactionSettings settings;
  settings.synchronous = true;
  std::vector<pg::Statement> statements;
  statements.push_back(std::move(statement));
  auto rows = co_await run_transaction(connection, std::move(settings), std::move(statements),
                                       control_deadline);
  if (!rows) co_return Result<void>{std::move(rows.error())};
  if (rows->front().affected == 0) co_return Result<void>{lost(job, epoch)};
  co_return Result<void>{};
}

}  // namespace

awaitable<Result<std::optional<JobRecord>>> find_job(pg::Connection* connection, std::string name) {
  std::string sql = fmt::format("SELECT {}{} FROM backfill.jobs AS jobs WHERE name = $1",
                                job_columns, more_columns);
  std::vector<pg::Param> params;
  params.emplace_back(std::move(name));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::optional<JobRecord>>{std::move(rows.error())};
  if (rows->values.empty()) co_return Result<std::optional<JobRecord>>{std::nullopt};
  auto job = read_job(rows->values.front());
  if (!job) co_return Result<std::optional<JobRecord>>{std::move(job.error())};
  co_return Result<std::optional<JobRecord>>{std::optional<JobRecord>{std::move(*job)}};
}

awaitable<Result<JobRecord>> find_or_create_job(pg::Connection* connection, NewJob job) {
  const std::string name = job.name;
  std::string sql =
      "INSERT INTO backfill.jobs (name, kind, table_name, meaning, search_path, key_columns, "
      "phase, state, rows_estimated, ground) VALUES ($1, $2, $3, $4, "
      "pg_catalog.current_setting('search_path'), $5::text[], $6, 'running', $7::bigint, $8) "
      "ON CONFLICT (name) DO UPDATE SET ground = $8 WHERE jobs.ground IS NULL";
  std::vector<pg::Param> params;
  params.emplace_back(std::move(job.name));
  params.emplace_back(std::move(job.kind));
  params.emplace_back(std::move(job.table));
  params.emplace_back(std::move(job.meaning));
  params.emplace_back(pg::text_array(job.key_columns));
  params.emplace_back(std::move(job.phase));
  params.push_back(text_of(job.rows_estimated));
  params.emplace_back(std::move(job.ground));
  auto inserted = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!inserted) co_return Result<JobRecord>{std::move(inserted.error())};
  std::string wanted = name;
  auto found = co_await find_job(connection, std::move(wanted));
  if (!found) co_return Result<JobRecord>{std::move(found.error())};
  if (!found->has_value()) {
    co_return Result<JobRecord>{
        fatal_error(fmt::format("job {} was removed while it was being created", name))};
  }
  co_return Result<JobRecord>{std::move(**found)};
}

awaitable<Result<void>> pin_again(pg::Connection* connection, JobId id, Epoch epoch, NewJob job) {
  pg::Statement statement;
  statement.sql =
      "UPDATE backfill.jobs AS j SET table_name = $3, meaning = $4, key_columns = $5::text[], "
      "ground "
      "= $6, rows_estimated = $7::bigint, search_path = pg_catalog.current_setting('search_path') "
      "WHERE j.id = $1::bigint AND j.epoch = $2::bigint AND NOT EXISTS (SELECT FROM "
      "backfill.ranges "
      "AS r WHERE r.job_id = j.id)";
  statement.params.emplace_back(std::to_string(id.value));
  statement.params.emplace_back(std::to_string(epoch.value));
  statement.params.emplace_back(std::move(job.table));
  statement.params.emplace_back(std::move(job.meaning));
  statement.params.emplace_back(pg::text_array(job.key_columns));
  statement.params.emplace_back(std::move(job.ground));
  statement.params.push_back(text_of(job.rows_estimated));
  co_return co_await run_fenced(connection, id, epoch, std::move(statement));
}

awaitable<Result<std::vector<StoredRange>>> load_ranges(pg::Connection* connection, SweepId sweep) {
  std::string sql =
      "SELECT no, after_key, through_key, cursor, closed, keys, keys_done, rows_changed, "
      "rows_differing, unchangeable, batches, uncounted, last_xid, last_after, last_through, "
      "stripe, stripes, settlements FROM backfill.ranges WHERE job_id = $1::bigint AND phase = $2 "
      "AND pass = $3::integer ORDER BY no";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(sweep.job.value));
  params.emplace_back(std::move(sweep.phase));
  params.emplace_back(std::to_string(sweep.pass));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::vector<StoredRange>>{std::move(rows.error())};
  std::vector<StoredRange> ranges;
  ranges.reserve(rows->values.size());
  for (const pg::Row& row : rows->values) ranges.push_back(read_range(row));
  co_return Result<std::vector<StoredRange>>{std::move(ranges)};
}

awaitable<Result<std::vector<StoredRange>>> count_uncounted(pg::Connection* connection, Fence fence,
                                                            Target target,
                                                            std::vector<StoredRange> ranges) {
  for (StoredRange& range : ranges) {
    if (!range.uncounted) continue;
    KeyRange last_batch;
    last_batch.after = range.last_after;
    last_batch.through = range.last_through;
    pg::Statement statement =
        count_uncounted_statement(fence, target, range.known.id, last_batch, range.last_xid);
    auto rows = co_await connection->query(std::move(statement.sql), std::move(statement.params),
                                           control_deadline);
    if (!rows) co_return Result<std::vector<StoredRange>>{std::move(rows.error())};
    if (!rows->values.empty()) range.rows_changed += pg::integer_field(rows->values.front(), 0);
    range.uncounted = false;
  }
  co_return Result<std::vector<StoredRange>>{std::move(ranges)};
}

awaitable<Result<void>> start_phase(pg::Connection* connection, Fence fence) {
  pg::Statement statement = of_pass(
      fence,
      "WITH held AS (UPDATE backfill.jobs SET phase = $3, state = 'running', last_error = NULL, "
      "finished_at = NULL WHERE id = $1::bigint AND epoch = $2::bigint RETURNING id) INSERT INTO "
      "backfill.phases AS p (job_id, phase, pass) SELECT id, $3, $4::integer FROM held ON CONFLICT "
      "(job_id, phase, pass) DO UPDATE SET started_at = p.started_at");
  co_return co_await run_fenced(connection, fence.sweep.job, fence.epoch, std::move(statement));
}

awaitable<Result<void>> note_phase(pg::Connection* connection, Fence fence) {
  pg::Statement statement = of_pass(
      fence,
      "INSERT INTO backfill.phases AS p (job_id, phase, pass) SELECT id, $3, $4::integer FROM "
      "backfill.jobs WHERE id = $1::bigint AND epoch = $2::bigint ON CONFLICT (job_id, phase, "
      "pass) "
      "DO UPDATE SET started_at = p.started_at");
  co_return co_await run_fenced(connection, fence.sweep.job, fence.epoch, std::move(statement));
}

awaitable<Result<void>> reopen_job(pg::Connection* connection, Fence fence, std::string reason) {
  pg::Statement statement;
  statement.sql =
      "UPDATE backfill.jobs SET phase = $3, state = 'failed', last_error = $4, finished_at = NULL "
      "WHERE id = $1::bigint AND epoch = $2::bigint";
  statement.params.emplace_back(std::to_string(fence.sweep.job.value));
  statement.params.emplace_back(std::to_string(fence.epoch.value));
  statement.params.emplace_back(fence.sweep.phase);
  statement.params.emplace_back(std::move(reason));
  co_return co_await run_fenced(connection, fence.sweep.job, fence.epoch, std::move(statement));
}

awaitable<Result<void>> finish_phase(pg::Connection* connection, Fence fence, std::string detail) {
  pg::Statement statement = of_pass(
      fence,
      "UPDATE backfill.phases p SET finished_at = pg_catalog.clock_timestamp(), detail = $5::jsonb "
      "FROM backfill.jobs j WHERE j.id = p.job_id AND p.job_id = $1::bigint AND j.epoch = "
      "$2::bigint AND p.phase = $3 AND p.pass = $4::integer");
  statement.params.emplace_back(std::move(detail));
  co_return co_await run_fenced(connection, fence.sweep.job, fence.epoch, std::move(statement));
}

awaitable<Result<int>> last_pass(pg::Connection* connection, JobId job, std::string phase) {
  std::string sql =
      "SELECT coalesce(pg_catalog.max(pass), 0) FROM backfill.phases WHERE job_id = $1::bigint AND "
      "phase = $2";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  params.emplace_back(std::move(phase));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<int>{std::move(rows.error())};
  co_return Result<int>{static_cast<int>(pg::integer_field(rows->values.at(0), 0))};
}

awaitable<Result<void>> set_job_state(pg::Connection* connection, JobId job, Epoch epoch,
                                      JobState state, std::optional<std::string> error) {
  if (state == JobState::done) std::abort();  // finish_job does more
  pg::Statement statement;
  statement.sql =
      "UPDATE backfill.jobs SET state = $3, last_error = $4 WHERE id = $1::bigint AND epoch = "
      "$2::bigint";
  statement.params.emplace_back(std::to_string(job.value));
  statement.params.emplace_back(std::to_string(epoch.value));
  statement.params.emplace_back(std::string{to_string(state)});
  statement.params.push_back(std::move(error));
  co_return co_await run_fenced(connection, job, epoch, std::move(statement));
}

awaitable<Result<void>> finish_job(pg::Connection* connection, JobId job, Epoch epoch) {
  std::string done = "done";
  co_return co_await finish_job_in_phase(connection, job, epoch, std::move(done));
}

awaitable<Result<void>> finish_job_in_phase(pg::Connection* connection, JobId job, Epoch epoch,
                                            std::string phase) {
  pg::Statement statement;
  statement.sql =
      "UPDATE backfill.jobs SET state = 'done', phase = $3, last_error = NULL, finished_at = "
      "pg_catalog.clock_timestamp() WHERE id = $1::bigint AND epoch = $2::bigint";
  statement.params.emplace_back(std::to_string(job.value));
  statement.params.emplace_back(std::to_string(epoch.value));
  statement.params.emplace_back(std::move(phase));
  co_return co_await run_fenced(connection, job, epoch, std::move(statement));
}

awaitable<Result<void>> leave_job_in_phase(pg::Connection* connection, JobId job, Epoch epoch,
                                           std::string phase) {
  pg::Statement statement;
  statement.sql =
      "UPDATE backfill.jobs SET state = 'stopped', phase = $3, last_error = NULL, finished_at = "
      "NULL WHERE id = $1::bigint AND epoch = $2::bigint";
  statement.params.emplace_back(std::to_string(job.value));
  statement.params.emplace_back(std::to_string(epoch.value));
  statement.params.emplace_back(std::move(phase));
  co_return co_await run_fenced(connection, job, epoch, std::move(statement));
}

}  // namespace backfill
