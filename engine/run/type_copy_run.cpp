#include <utility>

#include <fmt/format.h>

#include "core/duration_text.hpp"
#include "run/type_copy_steps.hpp"

namespace backfill::run {

namespace {

/// What `backfill.jobs.phase` says of a job that waits for somebody's decision.
constexpr const char* ready_phase = "ready";
constexpr const char* switched_phase = "switched";
constexpr const char* undone_phase = "rolled_back";

using MarkJob = asio::awaitable<Result<void>> (*)(pg::Connection*, JobId, Epoch, std::string);

asio::awaitable<Result<void>> mark(Session* session, MarkJob how, std::string phase) {
  const JobId job = session->record.id;
  const Epoch epoch = session->lease.epoch;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> op =
      [how, job, epoch, phase](pg::Connection* connection) {
        return how(connection, job, epoch, phase);
      };
  const Result<void> marked = co_await session->control.repeat<void>(op);
  if (marked) session->phase = phase;
  co_return marked;
}

Outcome done_outcome(std::string summary, std::string next) {
  Outcome outcome;
  outcome.code = ExitCode::done;
  outcome.summary = std::move(summary);
  outcome.next = std::move(next);
  return outcome;
}

asio::awaitable<Ending> end_switched(Session* session) {
  const Result<void> marked = co_await mark(session, finish_job_in_phase, switched_phase);
  if (!marked) co_return ending_of_ddl(*session, marked.error());
  const Job& job = session->request.job;
  Outcome outcome = done_outcome(
      fmt::format("job {} has switched {}: {}", job.name, session->copy->tables_text(),
                  session->copy->columns_text(false)),
      fmt::format("backfill drop {0}   (removes the old column), or backfill rollback {0}   (goes "
                  "back; nothing is lost)",
                  job.file));
  if (!session->locked_ms.empty()) {
    outcome.details.push_back(fmt::format("locks held for {} ms", session->locked_ms));
    outcome.details.push_back("proof: a sweep compared every row with `using`: 0 rows differ");
  }
  outcome.details.push_back("the old column follows every write until it is dropped");
  const Result<DropTime> drop = co_await drop_time(session);
  if (drop && drop->left_ms > 0) {
    outcome.details.push_back(fmt::format(
        "it may be dropped in {}, from {} on: backfill run or backfill drop does it then",
        duration_text(std::chrono::milliseconds{drop->left_ms}), drop->moment));
  }
  co_return outcome;
}

asio::awaitable<Ending> end_dropped(Session* session) {
  const Result<void> marked = co_await mark(session, finish_job_in_phase, "done");
  if (!marked) co_return ending_of_ddl(*session, marked.error());
  co_return done_outcome(fmt::format("job {} is done: the old column of {} is gone",
                                     session->request.job.name, session->copy->tables_text()),
                         {});
}

asio::awaitable<Ending> end_rolled_back(Session* session) {
  const Result<void> marked = co_await mark(session, leave_job_in_phase, undone_phase);
  if (!marked) co_return ending_of_ddl(*session, marked.error());
  co_return done_outcome(fmt::format("job {} is rolled back: {} is as it was before it",
                                     session->request.job.name, session->copy->tables_text()),
                         run_command(*session) + "   (begins it again)");
}

asio::awaitable<Ending> end_ready(Session* session) {
  const Result<void> marked = co_await mark(session, leave_job_in_phase, ready_phase);
  if (!marked) co_return ending_of_ddl(*session, marked.error());
  co_return done_outcome(
      fmt::format("job {} is ready to switch (switch: manual)", session->request.job.name),
      fmt::format("backfill switch {}", session->request.job.file));
}

asio::awaitable<Ending> end_verified(Session* session) {
  const bool done = session->copy->stage == CopyStage::switched;
  const MarkJob how = done ? finish_job_in_phase : leave_job_in_phase;
  const Result<void> marked = co_await mark(session, how, done ? switched_phase : ready_phase);
  if (!marked) co_return ending_of_ddl(*session, marked.error());
  co_return done_outcome(
      fmt::format("job {}: every row was compared, 0 rows differ", session->request.job.name),
      done ? std::string{} : run_command(*session));
}

/// Everything that leads up to the switch.
asio::awaitable<Ending> make_ready(Session* session) {
  Ending ending = co_await add_and_wait(session);
  if (ending) co_return ending;
  start_pool(session);
  ending = co_await copy_columns(session);
  if (ending) co_return ending;
  ending = co_await prove_columns(session, "verify");
  if (ending) co_return ending;
  ending = co_await look_into_quarantine(session);
  if (ending) co_return ending;
  co_return co_await carry_steps(session, "prepare");
}

asio::awaitable<Ending> go_forward(Session* session) {
  if (session->copy->dropped) co_return co_await end_dropped(session);
  if (session->copy->stage != CopyStage::switched) {
    Ending ending = co_await make_ready(session);
    if (ending) co_return ending;
    const bool manual = session->request.job.type_copy.switch_mode == SwitchMode::manual;
    if (manual && session->mode == JobRun::Mode::run) co_return co_await end_ready(session);
    ending = co_await trade_names(session);
    if (ending) co_return ending;
    co_return co_await end_switched(session);
  }
  const bool timed = session->request.job.type_copy.drop_after.has_value();
  const Result<DropTime> drop = co_await drop_time(session);
  if (!drop) co_return ending_of_ddl(*session, drop.error());
  if (!timed || drop->left_ms > 0 || session->mode != JobRun::Mode::run) {
    co_return co_await end_switched(session);
  }
  const Ending ending = co_await drop_columns(session);
  if (ending) co_return ending;
  co_return co_await end_dropped(session);
}

asio::awaitable<Ending> carry_out(Session* session) {
  Ending ending;
  switch (session->mode) {
    case JobRun::Mode::run:
    case JobRun::Mode::switch_names: co_return co_await go_forward(session);
    case JobRun::Mode::verify_only:
      start_pool(session);
      ending = co_await prove_columns(session, "verify");
      if (ending) co_return ending;
      ending = co_await look_into_quarantine(session);
      if (ending) co_return ending;
      co_return co_await end_verified(session);
    case JobRun::Mode::drop:
      ending = co_await drop_columns(session);
      if (ending) co_return ending;
      co_return co_await end_dropped(session);
    case JobRun::Mode::rollback:
      ending = co_await roll_back_copy(session);
      if (ending) co_return ending;
      co_return co_await end_rolled_back(session);
    case JobRun::Mode::retry: co_return co_await retry_quarantined(session);
  }
  co_return ending;
}

}  // namespace

asio::awaitable<Ending> run_type_copy(Session* session) {
  open_ddl(session);
  const Ending ending = co_await carry_out(session);
  close_ddl(session);
  co_return ending;
}

}  // namespace backfill::run
