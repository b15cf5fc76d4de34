#include <random>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "core/enforce_step.hpp"
#include "pg/clock.hpp"
#include "run/children.hpp"
#include "run/progress_json.hpp"
#include "run/run_journal.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

constexpr Duration progress_interval = std::chrono::milliseconds{250};
/// What a signal cost while it was read for the first time is not worth a line.
constexpr Duration time_worth_telling = std::chrono::milliseconds{100};
/// For the server to come back when the job is over: who runs the next one need not wait for the
/// lease to end by itself.
constexpr Duration patience_with_release = std::chrono::seconds{5};

std::uint64_t draw_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

}  // namespace

class JobRun::Implementation {
 public:
  Implementation(asio::io_context& context, Request request, Mode mode, Observer& observer)
      : session_(context.get_executor(), std::move(request), mode, &observer, draw_seed()),
        journal_(&session_),
        progress_timer_(context),
        helpers_(context.get_executor()) {
    session_.live = std::make_unique<LiveControl>(&session_);
    session_.request_stop = [this](bool cancel, std::string reason) {
      stop(cancel, std::move(reason));
    };
  }

  asio::awaitable<Outcome> go();
  void stop(bool cancel, std::string reason);

 private:
  asio::awaitable<Outcome> with_lease();
  asio::awaitable<Ending> phases();
  asio::awaitable<void> settle_state(Outcome outcome);
  [[nodiscard]] bool stays_switched(ExitCode code) const;
  asio::awaitable<void> call_switched();
  asio::awaitable<void> leave_no_trigger(ExitCode code);
  asio::awaitable<void> take_back_done(std::string reason);
  void tell_time_lost(Outcome* outcome);
  asio::awaitable<Outcome> finish();
  [[nodiscard]] std::string done_summary(bool proven_only) const;
  asio::awaitable<void> show_progress();
  void make_keeper();
  void start_helpers();
  asio::awaitable<void> end_helpers();
  void lease_lost(const Error& error);

  Session session_;
  RunJournal journal_;
  asio::steady_timer progress_timer_;
  Children helpers_;
  bool ending_ = false;
};

asio::awaitable<Outcome> JobRun::Implementation::go() {
  session_.control.on_retry = [this](const Error& error, Duration wait) {
    session_.tell(Level::warning, "retry", "control_retry",
                  fmt::format("{}; trying again in {} ms", describe(error),
                              std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()));
  };
  const Ending refused = co_await prepare(&session_);
  if (refused) co_return *refused;
  session_.tell(
      Level::info, "lease", "lease_taken",
      fmt::format("job {} on {}: lease epoch {} ({})", session_.record.name, session_.record.table,
                  session_.lease.epoch.value, session_.lease.taken_because));
  Outcome outcome = co_await with_lease();
  co_return outcome;
}

asio::awaitable<Outcome> JobRun::Implementation::with_lease() {
  make_keeper();
  const Result<void> opened = co_await session_.live->open();
  start_helpers();
  Outcome outcome;
  if (!opened) {
    outcome = failed_outcome(session_, opened.error());
  } else if (session_.mode == Mode::rollback && session_.request.job.kind == JobKind::backfill) {
    outcome = co_await take_back(&session_);
  } else {
    const Ending ending = co_await phases();
    if (ending) {
      outcome = *ending;
    } else {
      outcome = co_await finish();
    }
  }
  if (session_.pool) co_await session_.pool->close();
  co_await leave_no_trigger(outcome.code);
  tell_time_lost(&outcome);
  if (outcome.code == ExitCode::stopped && !session_.live->pause_text().empty()) {
    outcome.next = fmt::format("backfill resume {}", session_.record.name);
  }
  co_await settle_state(outcome);
  journal_.end(outcome);
  co_await end_helpers();
  co_await journal_.close(&session_.control);
  const Lease lease = session_.lease;
  if (!session_.keeper->lost()) {
    const std::function<asio::awaitable<Result<void>>(pg::Connection*)> release =
        [lease](pg::Connection* connection) { return release_lease(connection, lease); };
    const Result<void> released =
        co_await session_.control.repeat<void>(release, patience_with_release);
    static_cast<void>(released);  // A lease that could not be released ends by itself.
  }
  session_.control.close();
  co_return outcome;
}

asio::awaitable<Ending> JobRun::Implementation::phases() {
  Ending ending = co_await session_.live->wait_while_held();
  if (ending) co_return ending;
  if (session_.request.job.kind == JobKind::type_copy) co_return co_await run_type_copy(&session_);
  if (session_.mode == Mode::run) {
    session_.phase = "add";
    ending = co_await add_columns(&session_);
    if (ending) co_return ending;
    ending = co_await guard_plans(&session_);
    if (ending) co_return ending;
  }
  if (session_.mode == Mode::run || session_.mode == Mode::retry) {
    ending = co_await keep_columns(&session_);
    if (ending) co_return ending;
  }
  if (session_.mode == Mode::retry) co_return co_await retry_quarantined(&session_);
  start_pool(&session_);
  if (session_.mode == Mode::run) {
    ending = co_await copy_rows(&session_, "copy");
    if (ending) co_return ending;
  }
  ending = co_await prove(&session_);
  if (ending) co_return ending;
  ending = co_await look_into_quarantine(&session_);
  if (ending || session_.mode != Mode::run) co_return ending;
  const Result<void> let_go = co_await let_columns_go(&session_);
  if (!let_go) co_return ending_of_error(session_, let_go.error());
  co_return co_await enforce(&session_);
}

std::string JobRun::Implementation::done_summary(bool proven_only) const {
  const std::string& name = session_.record.name;
  if (session_.proves_again()) return fmt::format("job {} is still done: verified again", name);
  return fmt::format("job {} is {}: {} rows changed", name,
                     proven_only ? "proven, and has still to enforce" : "done",
                     session_.rows_before.value);
}

/// The completion record waits for the disk, and so makes every batch before it durable, too.
asio::awaitable<Outcome> JobRun::Implementation::finish() {
  const JobId job = session_.record.id;
  const Epoch epoch = session_.lease.epoch;
  const bool proven_only = session_.mode == Mode::verify_only &&
                           !session_.request.job.enforce.empty() &&
                           session_.record.state != JobState::done;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> mark =
      [job, epoch, proven_only](pg::Connection* connection) {
        return proven_only ? set_job_state(connection, job, epoch, JobState::stopped, std::nullopt)
                           : finish_job(connection, job, epoch);
      };
  if (!session_.proves_again()) {
    const Result<void> marked = co_await session_.control.repeat<void>(mark);
    if (!marked) co_return ending_of_error(session_, marked.error());
  }
  if (!proven_only) session_.phase = "done";
  Outcome outcome;
  outcome.code = ExitCode::done;
  outcome.summary = done_summary(proven_only);
  if (proven_only) outcome.next = run_command(session_);
  outcome.details.push_back("proof: " + std::string{explain(session_.sql->proof())} +
                            (may_repair(session_.sql->proof()) ? ": 0 rows" : ""));
  if (session_.mode == Mode::run) {
    for (const EnforceStep& step : session_.request.job.enforce) {
      outcome.details.push_back("enforced: " + enforce_text(step));
    }
  }
  if (session_.unchangeable > RowCount{0}) {
    const std::string_view why = may_repair(session_.sql->proof())
                                     ? "`where`, but `set` gives the value that they have already"
                                     : "`where`: changed by this job or written since, nothing in "
                                       "them tells which; they were "
                                       "left alone";
    outcome.details.push_back(
        fmt::format("{} rows still match {}", session_.unchangeable.value, why));
  }
  co_return outcome;
}

/// A later migration must not rely on rows that are known to differ.
asio::awaitable<void> JobRun::Implementation::take_back_done(std::string reason) {
  session_.tell(Level::warning, "error", "no_longer_done", reason);
  const Fence fence = session_.fence("verify", 1);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> reopen =
      [fence, reason](pg::Connection* connection) { return reopen_job(connection, fence, reason); };
  const Result<void> reopened = co_await session_.control.repeat<void>(reopen);
  if (reopened) co_return;
  session_.tell(Level::error, "error", "still_done",
                "the job still counts as done, for that could not be changed: " +
                    reopened.error().message + "; verify it again");
}

/// However the run ended: what its signals, those who paused it, and waits have cost.
void JobRun::Implementation::tell_time_lost(Outcome* outcome) {
  std::string all;
  for (const auto& [reason, lost] : session_.time_lost()) {
    if (lost < time_worth_telling) continue;
    const std::string text =
        fmt::format("{}: {:.1f} s", reason, std::chrono::duration<double>(lost).count());
    outcome->details.push_back("time lost to " + text);
    all += (all.empty() ? "" : ", ") + text;
  }
  if (!all.empty()) session_.tell(Level::debug, "throttle", "time_lost", all);
}

/// A type-copy that has switched is done: a drop that came too early, or a rollback that was
/// refused or has found what the old type cannot hold, has changed nothing in that.
bool JobRun::Implementation::stays_switched(ExitCode code) const {
  return session_.copy && session_.copy->stage == CopyStage::switched &&
         session_.record.state == JobState::done && session_.record.phase == "switched" &&
         (session_.mode == Mode::rollback || session_.mode == Mode::drop) &&
         (code == ExitCode::refused || code == ExitCode::differences);
}

asio::awaitable<void> JobRun::Implementation::call_switched() {
  const JobId job = session_.record.id;
  const Epoch epoch = session_.lease.epoch;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> mark =
      [job, epoch](pg::Connection* connection) {
        return finish_job_in_phase(connection, job, epoch, "switched");
      };
  const Result<void> marked = co_await session_.control.attempt<void>(mark);
  static_cast<void>(marked);  // `run` does it, too.
}

/// Of a run that did not come to its end. What cannot be taken away now is inert, and goes with the
/// next run or a rollback.
asio::awaitable<void> JobRun::Implementation::leave_no_trigger(ExitCode code) {
  if (session_.request.job.kind != JobKind::backfill || session_.keeper->lost()) co_return;
  if (session_.mode == Mode::rollback && code != ExitCode::done) co_return;
  const Result<void> let_go = co_await let_columns_go(&session_);
  if (let_go) co_return;
  session_.tell(Level::warning, "information", "trigger_left",
                "the trigger that keeps the columns of `preserve` could not be removed; it does "
                "nothing outside of this job, and the next run or rollback removes it: " +
                    let_go.error().message);
}

/// What `status` and the next runner will read of how this one ended.
asio::awaitable<void> JobRun::Implementation::settle_state(Outcome outcome) {
  JobState state = JobState::stopped;
  std::optional<std::string> error;
  if (outcome.code == ExitCode::done || outcome.code == ExitCode::owned) co_return;
  if (session_.proves_again()) {
    if (outcome.code == ExitCode::differences) co_await take_back_done(outcome.summary);
    co_return;
  }
  if (stays_switched(outcome.code)) {
    co_await call_switched();
    co_return;
  }
  // A job that was done before a verify set rows aside is unproven while they are there.
  if (session_.mode == Mode::retry && session_.record.state == JobState::done) co_return;
  // A rollback that nobody agreed to leaves the job as it was.
  if (session_.mode == Mode::rollback && outcome.code == ExitCode::refused) co_return;
  if (outcome.code != ExitCode::stopped) {
    state = JobState::failed;
    error = outcome.summary;
  }
  session_.tell(Level::debug, state == JobState::failed ? "error" : "information", "run_ended",
                outcome.summary);
  const JobId job = session_.record.id;
  const Epoch epoch = session_.lease.epoch;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> settle =
      [job, epoch, state, error](pg::Connection* connection) {
        return set_job_state(connection, job, epoch, state, error);
      };
  const Result<void> set = co_await session_.control.attempt<void>(settle);
  static_cast<void>(set);  // `status` then shows the job as abandoned, which is as true.
}

/// First of all: what happens from now on is kept for `backfill.events`.
void JobRun::Implementation::make_keeper() {
  session_.keeper = std::make_unique<LeaseKeeper>(session_.executor, session_.options,
                                                  session_.lease, session_.seed + 1);
  session_.keeper->progress = [this] { return progress_json(session_.progress()); };
  journal_.begin();
  session_.keeper->journal = &journal_;
  session_.keeper->on_lost = [this](const Error& error) { lease_lost(error); };
}

void JobRun::Implementation::start_helpers() {
  session_.keeper->desk = session_.live->desk();
  Monitor::Watched watched{session_.target.oid, {}};
  Result<std::vector<AskedStandby>> standbys = standbys_of(session_.request.job);
  if (standbys) watched.standbys = *std::move(standbys);  // An error has ended the run before.
  session_.monitor =
      std::make_unique<Monitor>(session_.executor, session_.options, session_.request.job.throttle,
                                std::move(watched), session_.seed + 2);
  session_.monitor->on_note = [this](std::string reason, const std::string& text) {
    session_.tell(Level::info, "information", std::move(reason), text);
  };
  session_.monitor->on_hold = [this](const std::string& reason) { session_.live->on_hold(reason); };
  session_.monitor->pause(session_.live->pause_text());
  helpers_.spawn(session_.monitor->watch());
  helpers_.spawn(session_.keeper->keep());
  helpers_.spawn(show_progress());
}

asio::awaitable<void> JobRun::Implementation::end_helpers() {
  ending_ = true;
  session_.monitor->stop();
  session_.keeper->stop();
  progress_timer_.cancel();
  co_await helpers_.ended();
}

asio::awaitable<void> JobRun::Implementation::show_progress() {
  while (!ending_) {
    if (session_.sweep || session_.ddl || !session_.waiting_for.empty()) {
      session_.measure();
      session_.observer->progress(session_.progress());
    }
    progress_timer_.expires_after(progress_interval);
    boost::system::error_code ignored;
    co_await progress_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

void JobRun::Implementation::lease_lost(const Error& error) {
  if (session_.sweep) session_.sweep->tell(LeaseLost{error});
  if (session_.ddl) session_.ddl->stop(error);
  session_.control.give_up();
}

/// A sweep drains by itself. Between sweeps a statement is cancelled with the first request
/// already, for there is nothing to drain: it is repeated as a whole by the next run.
void JobRun::Implementation::stop(bool cancel, std::string reason) {
  if (!session_.stop_reason) session_.stop_reason = reason;
  session_.stop_cancel = session_.stop_cancel || cancel;
  if (session_.ddl) {
    Error interrupted = fatal_error("interrupted: the job is to stop");
    interrupted.kind = ErrorClass::reconnect;
    session_.ddl->stop(std::move(interrupted));
  }
  if (session_.sweep) {
    session_.control.give_up();
    session_.sweep->tell(StopRequested{cancel, std::move(reason)});
  } else if (cancel) {
    session_.control.abort();
  } else {
    session_.control.interrupt();
  }
}

JobRun::JobRun(asio::io_context& context, Request request, Mode mode, Observer& observer)
    : implementation_(
          std::make_unique<Implementation>(context, std::move(request), mode, observer)) {}

JobRun::~JobRun() = default;

asio::awaitable<Outcome> JobRun::go() {
  return implementation_->go();
}

void JobRun::stop(bool cancel, std::string reason) {
  implementation_->stop(cancel, std::move(reason));
}

}  // namespace backfill::run
