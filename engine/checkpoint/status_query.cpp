#include "checkpoint/status_query.hpp"

#include <utility>

#include "checkpoint/control_schema.hpp"
#include "checkpoint/quarantine.hpp"
#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

/// Of the control schema that first counted stripes.
constexpr int stripes_version = 2;
/// Of the one that first said what a proof lacks.
constexpr int lack_of_proof_version = 7;

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
  status.updated_at = pg::text_field(row, 29);
  status.lack_of_proof = pg::field(row, 30);
  status.rows_quarantined = pg::integer_field(row, 31);
  return status;
}

}  // namespace

pg::asio::awaitable<Result<std::vector<JobStatus>>> read_status(pg::Connection* connection,
                                                                std::optional<std::string> name) {
  const auto version = co_await read_control_schema_version(connection);
  if (!version) co_return Result<std::vector<JobStatus>>{version.error()};
  std::vector<JobStatus> jobs;
  if (!version->has_value()) co_return Result<std::vector<JobStatus>>{std::move(jobs)};

  // A done job has no phase whose keys could be counted: its totals are those of the copy. There a
  // range that was visited in stripes has added up shares, each of them rounded. A runner
  // that was killed leaves no server process behind, long before its lease ends; one that has only
  // lost its connection shows itself again within a few heartbeats.
  const std::string keys_done =
      version->value() < stripes_version
          ? "r.keys_done"
          : "CASE WHEN r.closed AND r.stripes > 1 THEN r.keys ELSE r.keys_done END";
  const std::string lack_of_proof =
      version->value() < lack_of_proof_version
          ? "NULL::text"
          : "CASE WHEN s.state = 'done' THEN backfill.lack_of_proof(s.job_id) END";
  const std::string rows_quarantined =
      version->value() < quarantine_version ? ", 0::bigint" : ", s.rows_quarantined";
  std::string sql =
      "SELECT s.job_id, s.name, s.kind, s.table_name, s.phase, s.pass, s.state, s.epoch, "
      "s.rows_estimated, CASE WHEN s.state = 'done' THEN copied.keys ELSE s.keys END, CASE WHEN "
      "s.state = 'done' THEN copied.keys_done ELSE s.keys_done END, s.ranges, s.ranges_closed, "
      "s.batches, s.rows_changed, s.rows_differing, s.unchangeable, EXTRACT(epoch FROM "
      "pg_catalog.clock_timestamp() - s.checkpoint_at), s.held AND (l.backend_pid IS NULL OR "
      "l.heartbeat_at > pg_catalog.clock_timestamp() - interval '3 seconds' OR EXISTS (SELECT FROM "
      "pg_catalog.pg_stat_activity AS a WHERE a.pid = l.backend_pid AND "
      "coalesce(a.backend_start = l.backend_start, true))), s.host, s.pid, s.acquired_at, "
      "EXTRACT(epoch FROM pg_catalog.clock_timestamp() - s.heartbeat_at), s.progress, "
      "s.created_at, s.created_by, s.phase_started_at, s.finished_at, s.last_error, "
      "greatest(s.created_at, s.phase_started_at, s.checkpoint_at, s.finished_at), " +
      lack_of_proof + rows_quarantined +
      " FROM backfill.status AS s LEFT JOIN backfill.leases AS l ON l.job_id = s.job_id LEFT JOIN "
      "LATERAL (SELECT coalesce(pg_catalog.sum(r.keys), 0)::bigint AS keys, "
      "coalesce(pg_catalog.sum(" +
      keys_done +
      "), 0)::bigint AS keys_done FROM backfill.ranges AS r "
      "WHERE r.job_id = s.job_id AND pg_catalog.split_part(r.phase, ' ', 1) = 'copy') AS copied ON "
      "true WHERE $1::text IS NULL OR "
      "s.name = $1::text ORDER BY s.name";
  std::vector<pg::Param> params;
  params.push_back(std::move(name));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::vector<JobStatus>>{std::move(rows.error())};
  for (const pg::Row& row : rows->values) jobs.push_back(read_row(row));
  co_return Result<std::vector<JobStatus>>{std::move(jobs)};
}

}  // namespace backfill
