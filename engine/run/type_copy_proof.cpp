#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "checkpoint/run_transaction.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "run/type_copy_steps.hpp"

namespace backfill::run {

namespace {

/// Goes on with a pass that was not finished, with what it knew at its beginning; else begins one.
constexpr std::string_view begin_pass_sql = R"(
WITH unfinished AS (
  SELECT pass, detail ->> 'snapshot' AS snapshot, detail ->> 'trigger' AS trigger
  FROM backfill.phases
  WHERE job_id = $1::bigint AND phase = $2 AND finished_at IS NULL AND detail ? 'snapshot'
    AND $3::boolean
  ORDER BY pass DESC LIMIT 1),
begun AS (
  INSERT INTO backfill.phases (job_id, phase, pass, detail)
  SELECT $1::bigint, $2, 1 + coalesce(pg_catalog.max(p.pass), 0),
         pg_catalog.jsonb_build_object('snapshot', pg_catalog.pg_current_snapshot()::text,
                                       'trigger', ({}))
  FROM backfill.phases AS p WHERE p.job_id = $1::bigint AND p.phase = $2
  HAVING NOT EXISTS (SELECT FROM unfinished)
  RETURNING pass, detail ->> 'snapshot', detail ->> 'trigger')
SELECT * FROM unfinished UNION ALL SELECT * FROM begun)";

constexpr const char* proof_sql = R"(
SELECT rows_compared, rows_differing, checksum_held, checksum_expected FROM backfill.proofs
WHERE job_id = $1::bigint AND phase = $2 AND pass = $3::integer)";

constexpr const char* errors_sql = R"(
SELECT detail ->> 'text' FROM backfill.events
WHERE job_id = $1::bigint AND reason = 'cast_error' ORDER BY id DESC LIMIT 10)";

struct Pass {
  int number = 1;
  std::string snapshot;
  std::string trigger;  ///< its mark
};

asio::awaitable<Result<Pass>> ask_pass(pg::Connection* connection, std::vector<pg::Param> params) {
  std::string sql = fmt::format(begin_pass_sql, sync_trigger_mark_sql("$4::oid", "$5::name"));
  const Result<pg::Rows> rows =
      co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return rows.error();
  Pass pass;
  pass.number = static_cast<int>(pg::integer_field(rows->values.at(0), 0));
  pass.snapshot = pg::text_field(rows->values.at(0), 1);
  pass.trigger = pg::text_field(rows->values.at(0), 2);
  co_return pass;
}

/// An unfinished pass of a rollback is from another time, perhaps with another `back`.
asio::awaitable<Result<Pass>> begin_pass(Session* session, std::string phase, std::string trigger) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(session->record.id.value));
  params.emplace_back(std::move(phase));
  params.emplace_back(session->mode != JobRun::Mode::rollback ? "true" : "false");
  params.emplace_back(std::to_string(session->target.oid));
  params.emplace_back(std::move(trigger));
  const std::function<asio::awaitable<Result<Pass>>(pg::Connection*)> begin =
      [params](pg::Connection* connection) { return ask_pass(connection, params); };
  co_return co_await session->control.repeat<Pass>(begin);
}

/// Says what the ranges of the pass have kept. A sweep of what a rollback would lose keeps none.
asio::awaitable<void> tell_proof(Session* session, std::string phase, int pass) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(session->record.id.value));
  params.emplace_back(std::move(phase));
  params.emplace_back(std::to_string(pass));
  const std::function<asio::awaitable<Result<pg::Rows>>(pg::Connection*)> ask =
      [params](pg::Connection* connection) {
        return connection->query(proof_sql, params, control_deadline);
      };
  const Result<pg::Rows> rows = co_await session->control.attempt<pg::Rows>(ask);
  if (!rows || rows->values.empty()) co_return;
  const pg::Row& row = rows->values.front();
  session->tell(Level::info, "information", "proof",
                fmt::format("{} rows compared, {} differ; checksum of what the new columns hold "
                            "{}, of what they should hold {}",
                            pg::text_field(row, 0), pg::text_field(row, 1), pg::text_field(row, 2),
                            pg::text_field(row, 3)));
}

/// What concurrent writes have recorded, latest first.
asio::awaitable<std::vector<std::string>> recorded_errors(Session* session) {
  std::vector<std::string> lines;
  const Result<pg::Connection*> connection = co_await session->control.connect();
  if (!connection) co_return lines;
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(session->record.id.value));
  const Result<pg::Rows> rows =
      co_await (*connection)->query(errors_sql, std::move(params), control_deadline);
  if (!rows) co_return lines;
  for (const pg::Row& row : rows->values) lines.push_back("recorded: " + pg::text_field(row, 0));
  co_return lines;
}

Outcome differing_outcome(const Session& session, std::string what) {
  const bool back = session.mode == JobRun::Mode::rollback;
  Outcome outcome;
  outcome.code = ExitCode::differences;
  outcome.summary = fmt::format("job {}: {}; nothing was {}", session.request.job.name, what,
                                back ? "rolled back" : "switched");
  outcome.next =
      back ? fmt::format(
                 "change these rows, or give the column a `back` that says what becomes of "
                 "them; then backfill rollback {} --yes",
                 session.request.job.file)
           : fmt::format("change these rows (an UPDATE of the column computes it again); then {}",
                         run_command(session));
  return outcome;
}

asio::awaitable<Ending> prove_table(Session* session, std::string phase, std::string trigger) {
  const Result<Pass> pass = co_await begin_pass(session, phase, std::move(trigger));
  if (!pass) co_return ending_of_ddl(*session, pass.error());
  session->proof_snapshots[quote_name(session->target.table)] = pass->snapshot;
  session->proof_triggers[quote_name(session->target.table)] = pass->trigger;
  Result<SweepResult> swept = co_await run_phase(session, phase, pass->number, Purpose::verify);
  if (!swept) co_return ending_of_ddl(*session, swept.error());
  Outcome outcome;
  if (swept->finish.how == Finish::How::failed && swept->finish.error.kind == ErrorClass::row) {
    // A value that does not even convert: the sweep has narrowed it down to its row.
    outcome = differing_outcome(*session, swept->finish.error.message);
    if (!swept->finish.error.context.empty()) {
      outcome.details.push_back("while: " + swept->finish.error.context);
    }
    if (session->quarantines() && !swept->finish.error.hint.empty()) {
      outcome.details.push_back("hint: " + swept->finish.error.hint);
    }
  } else {
    const Ending ending = ending_of(*session, swept->finish);
    if (ending) co_return ending;
    co_await tell_proof(session, std::move(phase), pass->number);
    std::int64_t rows = 0;
    for (const StoredRange& range : swept->ranges) rows += range.rows_differing;
    if (rows == 0) co_return std::nullopt;
    outcome = differing_outcome(*session, fmt::format("{} row{} differ{}", rows,
                                                      rows == 1 ? "" : "s", rows == 1 ? "s" : ""));
    std::vector<StoredRange> ranges = std::move(swept->ranges);
    outcome.details = co_await list_differences(session, std::move(ranges));
  }
  const std::vector<std::string> recorded = co_await recorded_errors(session);
  outcome.details.insert(outcome.details.end(), recorded.begin(), recorded.end());
  co_return outcome;
}

}  // namespace

asio::awaitable<Ending> prove_columns(Session* session, std::string phase) {
  session->proof_snapshots.clear();
  session->proof_triggers.clear();
  for (std::size_t i = 0; i < session->copy->tables.size(); ++i) {
    choose_sweep(session, i);
    const CopyTable& table = session->copy->tables[i];
    const Ending ending = co_await prove_table(session, table.phase(phase), table.trigger());
    if (ending) co_return ending;
  }
  co_return std::nullopt;
}

}  // namespace backfill::run
