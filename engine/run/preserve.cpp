#include "jobs/preserve.hpp"

#include <algorithm>
#include <utility>

#include "checkpoint/run_transaction.hpp"
#include "core/object_name.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

/// A runner that has lost the job must not take away what another one has put there: the first
/// statement keeps the job's epoch until the transaction ends.
std::vector<pg::Statement> held(const Session& session, const std::vector<OnlineDdl>& ddl) {
  std::vector<pg::Statement> statements;
  pg::Statement hold;
  hold.sql = "SELECT backfill.hold_job($1::bigint, $2::bigint)";
  hold.params.emplace_back(std::to_string(session.record.id.value));
  hold.params.emplace_back(std::to_string(session.lease.epoch.value));
  statements.push_back(std::move(hold));
  for (const OnlineDdl& each : ddl) {
    pg::Statement statement;
    statement.sql = each.sql;
    statements.push_back(std::move(statement));
  }
  return statements;
}

asio::awaitable<Result<void>> carry_out(Session* session, std::vector<OnlineDdl> ddl) {
  TransactionSettings settings = session->settings();
  settings.synchronous = true;
  // Who comes while we wait for the lock waits behind us.
  const Duration patience = session->request.job.throttle.lock_wait;
  settings.lock_timeout = std::min(settings.lock_timeout, patience);
  const std::vector<pg::Statement> statements = held(*session, ddl);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> send =
      [settings, statements](pg::Connection* connection) -> asio::awaitable<Result<void>> {
    const Result<std::vector<pg::Rows>> done =
        co_await run_transaction(connection, settings, statements, control_deadline);
    if (!done) co_return done.error();
    co_return Result<void>{};
  };
  co_return co_await session->control.repeat<void>(send);
}

}  // namespace

asio::awaitable<Ending> keep_columns(Session* session) {
  const Job& job = session->request.job;
  if (job.preserve.empty()) co_return std::nullopt;
  session->tell(Level::info, "phase", "preserve",
                "trigger " + keep_trigger(job.name) + " keeps the columns of `preserve`");
  std::vector<OnlineDdl> ddl = keep_columns_ddl(job, session->target);
  const Result<void> kept = co_await carry_out(session, std::move(ddl));
  if (!kept) co_return ending_of_error(*session, kept.error());
  session->keeps_columns = true;
  co_return std::nullopt;
}

asio::awaitable<Result<void>> let_columns_go(Session* session) {
  const bool undoing = session->mode == JobRun::Mode::rollback;
  if (!session->keeps_columns && !undoing) co_return Result<void>{};
  if (session->request.job.preserve.empty()) co_return Result<void>{};
  std::vector<OnlineDdl> ddl = let_columns_go_ddl(session->request.job, session->target);
  const Result<void> gone = co_await carry_out(session, std::move(ddl));
  if (gone) session->keeps_columns = false;
  co_return gone;
}

}  // namespace backfill::run
