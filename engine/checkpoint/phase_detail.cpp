#include "checkpoint/phase_detail.hpp"

#include <utility>
#include <vector>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

using pg::asio::awaitable;

pg::Statement hold_statement(const Fence& fence) {
  pg::Statement hold;
  hold.sql = "SELECT backfill.hold_job($1::bigint, $2::bigint)";
  hold.params.emplace_back(std::to_string(fence.sweep.job.value));
  hold.params.emplace_back(std::to_string(fence.epoch.value));
  return hold;
}

pg::Statement of_job(const Fence& fence, std::string sql) {
  pg::Statement statement;
  statement.sql = std::move(sql);
  statement.params.emplace_back(std::to_string(fence.sweep.job.value));
  return statement;
}

awaitable<Result<void>> run_held(pg::Connection* connection, Fence fence,
                                 std::vector<pg::Statement> statements) {
  TransactionSettings settings;
  settings.synchronous = true;
  statements.insert(statements.begin(), hold_statement(fence));
  const Result<std::vector<pg::Rows>> done = co_await run_transaction(
      connection, std::move(settings), std::move(statements), control_deadline);
  if (!done) co_return done.error();
  co_return Result<void>{};
}

}  // namespace

awaitable<Result<std::string>> read_phase_detail(pg::Connection* connection, SweepId sweep) {
  std::string sql =
      "SELECT detail FROM backfill.phases WHERE job_id = $1::bigint AND phase = $2 AND pass = "
      "$3::integer";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(sweep.job.value));
  params.emplace_back(std::move(sweep.phase));
  params.emplace_back(std::to_string(sweep.pass));
  const Result<pg::Rows> rows =
      co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return rows.error();
  if (rows->values.empty()) co_return std::string{"{}"};
  co_return pg::text_field(rows->values.front(), 0);
}

awaitable<Result<void>> write_phase_detail(pg::Connection* connection, Fence fence,
                                           std::string detail) {
  pg::Statement write = of_job(
      fence,
      "UPDATE backfill.phases SET detail = $2::jsonb WHERE job_id = $1::bigint AND phase = $3 AND "
      "pass = $4::integer");
  write.params.emplace_back(std::move(detail));
  write.params.emplace_back(fence.sweep.phase);
  write.params.emplace_back(std::to_string(fence.sweep.pass));
  std::vector<pg::Statement> statements;
  statements.push_back(std::move(write));
  co_return co_await run_held(connection, std::move(fence), std::move(statements));
}

pg::Statement end_statement(const SweepId& sweep) {
  pg::Statement end;
  end.sql =
      "UPDATE backfill.phases SET finished_at = pg_catalog.clock_timestamp() WHERE job_id = "
      "$1::bigint AND phase = $2 AND pass = $3::integer";
  end.params.emplace_back(std::to_string(sweep.job.value));
  end.params.emplace_back(sweep.phase);
  end.params.emplace_back(std::to_string(sweep.pass));
  return end;
}

awaitable<Result<void>> forget_phases(pg::Connection* connection, Fence fence, Undone undone) {
  const std::string which =
      undone == Undone::everything ? "" : " AND phase IN ('enforce', 'orphans')";
  const std::string phase = undone == Undone::everything ? "add" : "verify";
  std::vector<pg::Statement> statements;
  statements.push_back(
      of_job(fence, "DELETE FROM backfill.ranges WHERE job_id = $1::bigint" + which));
  statements.push_back(
      of_job(fence, "DELETE FROM backfill.phases WHERE job_id = $1::bigint" + which));
  if (undone == Undone::everything) {
    statements.push_back(
        of_job(fence, "DELETE FROM backfill.quarantine WHERE job_id = $1::bigint"));
  }
  // A proof speaks of its time. What came before the rollback must not pass for one of later: the
  // pass that is begun here has seen nothing yet.
  if (undone == Undone::constraints) {
    statements.push_back(of_job(
        fence,
        "INSERT INTO backfill.phases (job_id, phase, pass) SELECT p.job_id, p.phase, "
        "pg_catalog.max(p.pass) + 1 FROM backfill.phases p WHERE p.job_id = $1::bigint AND p.phase "
        "= 'verify' GROUP BY p.job_id, p.phase"));
  }
  statements.push_back(
      of_job(fence, "UPDATE backfill.jobs SET state = 'stopped', phase = '" + phase +
                        "', finished_at = NULL, last_error = NULL WHERE id = $1::bigint"));
  co_return co_await run_held(connection, std::move(fence), std::move(statements));
}

}  // namespace backfill
