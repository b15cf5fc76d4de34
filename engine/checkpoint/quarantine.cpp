#include "checkpoint/quarantine.hpp"

#include <utility>

#include "checkpoint/run_transaction.hpp"
#include "core/check.hpp"
#include "pg/field.hpp"
#include "pg/roll_back.hpp"
#include "pg/text_array.hpp"

namespace backfill {
namespace {

using pg::asio::awaitable;

/// Behind the statements' own limits: the way there and back.
constexpr Duration answer_grace = std::chrono::seconds{15};

std::vector<pg::Param> of_row(JobId job, const QuarantinedRow& row) {
  return {std::to_string(job.value), row.table, pg::text_array(row.key)};
}

/// Server texts may hold what the control schema's encoding can store, since it is theirs; a byte
/// zero no text holds.
pg::Statement prepared(std::string sql, std::vector<pg::Param> params) {
  return {
      .sql = std::move(sql), .params = std::move(params), .flush_after = false, .prepared = true};
}

QuarantinedRow read_row(const pg::Row& row) {
  QuarantinedRow entry;
  entry.table = pg::text_field(row, 0);
  entry.key = pg::parse_text_array(pg::text_field(row, 1));
  entry.sweep = pg::text_field(row, 2);
  entry.sqlstate = pg::text_field(row, 3);
  entry.message = pg::text_field(row, 4);
  entry.failed_at = pg::text_field(row, 5);
  return entry;
}

}  // namespace

awaitable<Result<std::vector<QuarantinedRow>>> read_quarantine(pg::Connection* connection,
                                                               JobId job) {
  std::string sql =
      "SELECT table_name, key, sweep, sqlstate, message, failed_at FROM backfill.quarantine WHERE "
      "job_id = $1::bigint ORDER BY table_name, key";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::vector<QuarantinedRow>>{std::move(rows.error())};
  std::vector<QuarantinedRow> entries;
  entries.reserve(rows->values.size());
  for (const pg::Row& row : rows->values) entries.push_back(read_row(row));
  co_return Result<std::vector<QuarantinedRow>>{std::move(entries)};
}

std::vector<pg::Statement> quarantine_statements(const Fence& fence,
                                                 const TransactionSettings& settings,
                                                 const Batch& batch, const std::string& table) {
  BACKFILL_CHECK(batch.quarantine && batch.bounds.through == batch.quarantine->key,
                 "a row goes into quarantine that does not end its batch");
  std::vector<pg::Param> params = checkpoint_params(fence, batch);
  params.emplace_back(batch.purpose == Purpose::verify ? "t" : "f");
  params.emplace_back(table);
  params.emplace_back(batch.quarantine->sqlstate);
  params.emplace_back(batch.quarantine->message);
  std::vector<pg::Statement> statements;
  statements.push_back(prepared(
      "SELECT backfill.quarantine_row($1::bigint, $2::text, $3::integer, $4::bigint, $5::bigint, "
      "$6::bigint, $7::integer, $8::text[], $9::text[], $10::bigint, $11::boolean, $12::boolean, "
      "$13::bigint[], $14::bigint[], $15::boolean, $16::text, $17::text, $18::text)",
      std::move(params)));
  return in_transaction(settings, std::move(statements));
}

awaitable<Result<void>> retry_row(pg::Connection* connection, Fence fence,
                                  TransactionSettings settings, QuarantinedRow row,
                                  pg::Statement change) {
  const Duration deadline = settings.statement_timeout + settings.lock_timeout + answer_grace;
  const JobId job = fence.sweep.job;
  std::vector<pg::Param> held = of_row(job, row);
  held.insert(held.begin() + 1, std::to_string(fence.epoch.value));
  std::vector<pg::Statement> statements;
  statements.push_back(begin_statement());
  statements.push_back(settings_statement(settings));
  statements.push_back(
      prepared("SELECT backfill.hold_quarantined($1::bigint, $2::bigint, $3::text, $4::text[])",
               std::move(held)));
  statements.push_back(std::move(change));
  const std::size_t change_at = statements.size() - 1;
  pg::PipelineResult changed = co_await connection->pipeline(std::move(statements), deadline);
  if (changed.error) {
    co_await pg::roll_back(connection);
    co_return Result<void>{std::move(*changed.error)};
  }
  std::vector<pg::Param> released = of_row(job, row);
  released.emplace_back(std::to_string(changed.results[change_at].rows.affected));
  std::vector<pg::Statement> rest;
  rest.push_back(
      prepared("SELECT backfill.release_quarantined($1::bigint, $2::text, $3::text[], $4::bigint)",
               std::move(released)));
  rest.push_back(commit_statement());
  pg::PipelineResult ended = co_await connection->pipeline(std::move(rest), deadline);
  if (!ended.error) co_return Result<void>{};
  co_await pg::roll_back(connection);
  co_return Result<void>{std::move(*ended.error)};
}

awaitable<Result<void>> note_failed_again(pg::Connection* connection, Fence fence,
                                          QuarantinedRow row, Error error) {
  std::string sql =
      "UPDATE backfill.quarantine AS q SET sqlstate = $4, message = $5, sweep = 'retry', failed_at "
      "= pg_catalog.clock_timestamp() FROM backfill.jobs AS j WHERE q.job_id = $1::bigint AND "
      "q.table_name = $2 AND q.key = $3::text[] AND j.id = q.job_id AND j.epoch = $6::bigint";
  std::vector<pg::Param> params = of_row(fence.sweep.job, row);
  params.emplace_back(std::move(error.sqlstate));
  params.emplace_back(std::move(error.message));
  params.emplace_back(std::to_string(fence.epoch.value));
  auto noted = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!noted) co_return Result<void>{std::move(noted.error())};
  co_return Result<void>{};
}

awaitable<Result<bool>> retried_since(pg::Connection* connection, JobId job, std::string phase,
                                      int pass) {
  std::string sql =
      "SELECT EXISTS (SELECT FROM backfill.phases AS p JOIN backfill.jobs AS j ON j.id = p.job_id "
      "WHERE p.job_id = $1::bigint AND p.phase = $2 AND p.pass = $3::integer AND j.retried_at >= "
      "p.started_at)";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  params.emplace_back(std::move(phase));
  params.emplace_back(std::to_string(pass));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<bool>{std::move(rows.error())};
  co_return Result<bool>{pg::bool_field(rows->values.at(0), 0)};
}

}  // namespace backfill
