#include "pg/clock.hpp"
#include "pg/errors.hpp"
#include "pg/implementation.hpp"

namespace backfill::pg {

namespace {

/// The parameters as libpq wants them: a null pointer is NULL.
std::vector<const char*> pointers_to(const std::vector<Param>& params) {
  std::vector<const char*> pointers;
  pointers.reserve(params.size());
  for (const Param& param : params) pointers.push_back(param ? param->c_str() : nullptr);
  return pointers;
}

/// A command ends with one null result and the Sync with none; more in a row mean that libpq has
/// nothing left to wait for, as after a server's shutdown.
constexpr int null_results_max = 2;

}  // namespace

bool Connection::Implementation::send_params(const std::string& sql,
                                             const std::vector<Param>& params) {
  const std::vector<const char*> values = pointers_to(params);
  return PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                           values.data(), nullptr, nullptr, 0) == 1;
}

bool Connection::Implementation::queue_statement(const Statement& statement, std::size_t index,
                                                 std::vector<Command>& commands) {
  std::optional<PreparedStatements::Use> use;
  if (statement.prepared) use = prepared_.use(statement.sql);
  bool queued = true;
  if (use && use->prepare) {
    // Right before its use, since a statement before it may create what it names.
    commands.push_back({Command::Kind::prepare, index, true});
    queued =
        PQsendPrepare(connection_.get(), use->name.c_str(), statement.sql.c_str(), 0, nullptr) == 1;
  }
  commands.push_back({Command::Kind::execute, index, use.has_value()});
  if (use) {
    const std::vector<const char*> values = pointers_to(statement.params);
    queued = queued && PQsendQueryPrepared(connection_.get(), use->name.c_str(),
                                           static_cast<int>(values.size()), values.data(), nullptr,
                                           nullptr, 0) == 1;
  } else {
    queued = queued && send_params(statement.sql, statement.params);
  }
  if (statement.flush_after) queued = queued && PQsendFlushRequest(connection_.get()) == 1;
  return queued;
}

bool Connection::Implementation::queue(const std::vector<Statement>& statements,
                                       std::vector<Command>& commands) {
  if (PQenterPipelineMode(connection_.get()) != 1) return false;
  for (const std::string& name : prepared_.take_deallocations()) {
    commands.push_back({Command::Kind::deallocate, 0, true});
    if (!send_params("DEALLOCATE " + name, {})) return false;
  }
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (!queue_statement(statements[i], i, commands)) return false;
  }
  return PQpipelineSync(connection_.get()) == 1;
}

void Connection::Implementation::note_success(const Statement& statement, const Command& command,
                                              const PGresult* result, PipelineResult& outcome) {
  if (command.kind == Command::Kind::prepare) prepared_.confirm(statement.sql);
  if (command.kind != Command::Kind::execute) return;
  StatementResult& entry = outcome.results.emplace_back();
  entry.arrived = now();
  entry.rows = rows_of(result);
}

Error Connection::Implementation::note_failure(const Statement& statement, const Command& command,
                                               const PGresult* result) {
  Error error = failure(result, statement.sql);
  if (!alive() || !command.named) return error;
  // The server undid the flight for a reason that lies in our names, not in the statement: the same
  // again will do, prepared anew or unnamed.
  const std::string& code = error.sqlstate;
  const bool unknown_name = code == "26000";
  const bool name_taken = code == "42P05" && command.kind == Command::Kind::prepare;
  const bool plan_outdated = code == "0A000" && prepared_.is_ready(statement.sql);
  if (unknown_name) prepared_.distrust();
  if (name_taken || plan_outdated) prepared_.replace(statement.sql);
  if (unknown_name || name_taken || plan_outdated) error.kind = ErrorClass::retry_batch;
  return error;
}

asio::awaitable<void> Connection::Implementation::collect_pipeline(
    const std::vector<Statement>* statements, const std::vector<Command>* commands,
    PipelineResult* outcome) {
  std::size_t answered = 0;
  int nulls = 0;
  while (alive()) {
    const ResultHandle result = co_await next();
    if (!alive() || (result && is_copy(result.get()))) break;
    if (!result) {
      if (++nulls > null_results_max) lose("the server's answers ended early");
      continue;
    }
    nulls = 0;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) co_return;
    // An error beyond the last command is that of the Sync: the implicit transaction's commit.
    const Command command = answered < commands->size() ? (*commands)[answered] : commands->back();
    const Statement& statement = (*statements)[command.statement];
    ++answered;
    if (status == PGRES_PIPELINE_ABORTED) continue;
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
      Error error = note_failure(statement, command, result.get());
      if (!outcome->error) outcome->error = std::move(error);
      continue;
    }
    if (!outcome->error) note_success(statement, command, result.get(), *outcome);
  }
  // An error that the server has reported stands: it skips all that follows up to the Sync.
  if (outcome->error) co_return;
  const std::size_t open = answered < commands->size() ? answered : commands->size() - 1;
  outcome->error = loss((*statements)[(*commands)[open].statement].sql);
}

asio::awaitable<PipelineResult> Connection::Implementation::pipeline(
    std::vector<Statement> statements, Duration deadline) {
  PipelineResult outcome;
  outcome.started = now();
  if (statements.empty()) co_return outcome;
  for (const Statement& statement : statements) {
    outcome.error = refuse(statement.sql, statement.params);
    if (outcome.error) co_return outcome;
  }
  InFlight flight(*this, deadline);
  std::vector<Command> commands;
  if (!queue(statements, commands)) {
    // libpq sends on its own once it has queued much: some of it may be with the server.
    lose(scrub_(text_or_empty(PQerrorMessage(connection_.get()))));
    outcome.error = loss(statements.front().sql);
    co_return outcome;
  }
  (void)co_await flush();
  co_await collect_pipeline(&statements, &commands, &outcome);
  prepared_.end_flight();
  if (alive() && PQexitPipelineMode(connection_.get()) != 1) {
    lose(scrub_(text_or_empty(PQerrorMessage(connection_.get()))));
  }
  const bool settled = co_await settle();
  if (settled) flight.land();
  co_return outcome;
}

}  // namespace backfill::pg
