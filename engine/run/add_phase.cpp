#include <utility>

#include <fmt/format.h>

#include "catalog/describe_table.hpp"
#include "checkpoint/run_transaction.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

asio::awaitable<Result<void>> run_ddl(pg::Connection* connection, TransactionSettings settings,
                                      std::string sql) {
  pg::Statement statement;
  statement.sql = std::move(sql);
  std::vector<pg::Statement> statements;
  statements.push_back(std::move(statement));
  const Result<std::vector<pg::Rows>> done = co_await run_transaction(
      connection, std::move(settings), std::move(statements), control_deadline);
  if (!done) co_return done.error();
  co_return Result<void>{};
}

}  // namespace

/// A column is added when the catalog says that it is missing: after a COMMIT whose answer was lost
/// the repetition fails with "already exists" (42701), which is then the same as success.
asio::awaitable<Ending> add_columns(Session* session) {
  const std::vector<PlannedStatement> statements = session->sql->add();
  if (statements.empty()) co_return std::nullopt;
  TransactionSettings settings = session->settings();
  settings.synchronous = true;
  for (const PlannedStatement& planned : statements) {
    const Ending stopped = stop_asked(*session);
    if (stopped) co_return stopped;
    session->tell(Level::info, "phase", "add_column", planned.sql);
    const std::string sql = planned.sql;
    const std::function<asio::awaitable<Result<void>>(pg::Connection*)> add =
        [settings, sql](pg::Connection* connection) { return run_ddl(connection, settings, sql); };
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
