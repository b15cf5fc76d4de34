#include "checkpoint/status_query.hpp"

#include <utility>

#include "checkpoint/control_schema.hpp"
#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

JobStatus read_row(const pg::Row& row) {
  JobStatus status;
  status.id = JobId{pg::integer_field(row, 0)};
  status.name = pg::text_field(row, 1);
  status.kind = pg::text_field(row, 2);
  status.table = pg::text_field(row, 3);
  status.phase = pg::text_field(row, 4);
  if (const auto pass = pg::optional_integer_field(row, 5)) status.pass = static_cast<int>(*pass);
  status.state = parse_job_state(pg::text_field(row, 6)).value_or(JobState::running);
  status.epoch = Epoch{pg::integer_field(row, 7)};
  status.rows_estimated = pg::optional_integer_field(row, 8);
  status.keys = pg::integer_field(row, 9);
  status.keys_done = pg::integer_field(row, 10);
  status.ranges = pg::integer_field(row, 11);
  status.ranges_closed = pg::integer_field(row, 12);
  status.batches = pg::integer_field(row, 13);
  status.rows_changed = pg::integer_field(row, 14);
  status.rows_differing = pg::integer_field(row, 15);
  status.unchangeable = pg::integer_field(row, 16);
  status.checkpoint_age_s = pg::optional_number_field(row, 17);
  status.held = pg::bool_field(row, 18);
  status.host = pg::text_field(row, 19);
  status.pid = pg::optional_integer_field(row, 20);
  status.acquired_at = pg::field(row, 21);
  status.heartbeat_age_s = pg::optional_number_field(row, 22);
  status.progress = pg::text_field(row, 23);
  status.created_at = pg::text_field(row, 24);
  status.created_by = pg::text_field(row, 25);
  status.phase_started_at = pg::field(row, 26);
  status.finished_at = pg::field(row, 27);
  status.last_error = pg::field(row, 28);
  return status;
}

}  // namespace

pg::asio::awaitable<Result<std::vector<JobStatus>>> read_status(pg::Connection* connection,
                                                                std::optional<std::string> name) {
  const auto version = co_await read_control_schema_version(connection);
  if (!version) co_return Result<std::vector<JobStatus>>{version.error()};
  std::vector<JobStatus> jobs;
  if (!version->has_value()) co_return Result<std::vector<JobStatus>>{std::move(jobs)};

  std::string sql =
      "SELECT job_id, name, kind, table_name, phase, pass, state, epoch, rows_estimated, keys, "
      "keys_done, ranges, ranges_closed, batches, rows_changed, rows_differing, unchangeable, "
      "EXTRACT(epoch FROM pg_catalog.clock_timestamp() - checkpoint_at), held, host, pid, "
      "acquired_at, EXTRACT(epoch FROM pg_catalog.clock_timestamp() - heartbeat_at), progress, "
      "created_at, created_by, phase_started_at, finished_at, last_error FROM backfill.status "
      "WHERE $1::text IS NULL OR name = $1::text ORDER BY name";
  std::vector<pg::Param> params;
  params.push_back(std::move(name));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::vector<JobStatus>>{std::move(rows.error())};
  for (const pg::Row& row : rows->values) jobs.push_back(read_row(row));
  co_return Result<std::vector<JobStatus>>{std::move(jobs)};
}

}  // namespace backfill
