#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "catalog/describe_table.hpp"
#include "catalog/expression_scope.hpp"
#include "checkpoint/phase_detail.hpp"
#include "checkpoint/run_transaction.hpp"
#include "run/enforce_record.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

/// The last column ends the phase, in its own transaction: a run that is killed leaves both or
/// none.
asio::awaitable<Result<void>> run_ddl(pg::Connection* connection, TransactionSettings settings,
                                      std::string sql, std::optional<SweepId> ends) {
  pg::Statement statement;
  statement.sql = std::move(sql);
  std::vector<pg::Statement> statements;
  statements.push_back(std::move(statement));
  if (ends) statements.push_back(end_statement(*ends));
  const Result<std::vector<pg::Rows>> done = co_await run_transaction(
      connection, std::move(settings), std::move(statements), control_deadline);
  if (!done) co_return done.error();
  co_return Result<void>{};
}

/// Written before the first of them is added: a crash in between leaves a note of a column that is
/// not there, which a rollback passes over.
asio::awaitable<Result<void>> note_columns(Session* session) {
  const Result<void> begun = co_await begin_phase(session, "add", 1);
  if (!begun) co_return begun;
  const Fence fence = session->fence("add", 1);
  const SweepId phase = fence.sweep;
  const std::function<asio::awaitable<Result<std::string>>(pg::Connection*)> read =
      [phase](pg::Connection* connection) { return read_phase_detail(connection, phase); };
  const Result<std::string> before = co_await session->control.repeat<std::string>(read);
  if (!before) co_return before.error();
  std::vector<std::string> columns = parse_added_columns(*before);
  for (const AddColumn& column : missing_columns(session->request.job, session->target)) {
    if (std::ranges::find(columns, column.column) == columns.end()) {
      columns.push_back(column.column);
    }
  }
  const std::string detail = added_columns_json(columns);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> write =
      [fence, detail](pg::Connection* connection) {
        return write_phase_detail(connection, fence, detail);
      };
  co_return co_await session->control.repeat<void>(write);
}

}  // namespace

/// A column is added when the catalog says that it is missing: after a COMMIT whose answer was lost
/// the repetition fails with "already exists" (42701), which is then the same as success.
asio::awaitable<Ending> add_columns(Session* session) {
  const std::vector<PlannedStatement> statements = session->sql->add();
  if (statements.empty()) co_return std::nullopt;
  const Result<void> noted = co_await note_columns(session);
  if (!noted) co_return ending_of_error(*session, noted.error());
  TransactionSettings settings = session->settings();
  settings.synchronous = true;
  for (const PlannedStatement& planned : statements) {
    std::optional<SweepId> ends;
    if (&planned == &statements.back()) ends = session->fence("add", 1).sweep;
    const Ending stopped = stop_asked(*session);
    if (stopped) co_return stopped;
    session->tell(Level::info, "phase", "add_column", planned.sql);
    const std::string sql = planned.sql;
    const std::function<asio::awaitable<Result<void>>(pg::Connection*)> add =
        [settings, sql, ends](pg::Connection* connection) {
          return run_ddl(connection, settings, sql, ends);
        };
    const Result<void> added = co_await session->control.repeat<void>(add);
    if (!added && added.error().sqlstate != "42701") {
      co_return ending_of_error(*session, added.error());
    }
  }
  const Job job = session->request.job;
  const std::function<asio::awaitable<Result<Target>>(pg::Connection*)> describe =
      [job](pg::Connection* connection) { return describe_table(connection, job); };
  Result<Target> target = co_await session->control.repeat<Target>(describe);
  if (!target) co_return ending_of_error(*session, target.error());
  session->target = *std::move(target);
  co_return std::nullopt;
}

}  // namespace backfill::run
