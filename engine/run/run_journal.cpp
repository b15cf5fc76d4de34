#include "run/run_journal.hpp"

#include <functional>
#include <utility>

#include "checkpoint/runner_identity.hpp"
#include "pg/clock.hpp"
#include "run/process_user.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

/// A run that is killed has its last seconds left out, and no more.
constexpr Duration put_interval = std::chrono::seconds{2};
/// Phases may turn several times between two looks, but not more often than that.
constexpr std::size_t due_max = 64;

const char* command_of(JobRun::Mode mode) {
  switch (mode) {
    case JobRun::Mode::run: return "run";
    case JobRun::Mode::verify_only: return "verify";
    case JobRun::Mode::switch_names: return "switch";
    case JobRun::Mode::drop: return "drop";
    case JobRun::Mode::retry: return "retry";
    case JobRun::Mode::rollback: break;
  }
  return "rollback";
}

}  // namespace

RunJournal::RunJournal(Session* session) : session_(session), sampler_(pg::now()) {}

void RunJournal::begin() {
  sampler_ = Sampler(pg::now());
}

void RunJournal::turn() {
  if (refused_) return;
  const Instant now = pg::now();
  Glance turned = glance();
  // The sweep that has ended has no figures any more.
  turned.batch_rows = last_.batch_rows;
  turned.limited_by = last_.limited_by;
  keep(sampler_.look(turned, now), now);
  last_ = {};
}

asio::awaitable<void> RunJournal::write(ControlLink* link) {
  if (refused_) co_return;
  const Instant now = pg::now();
  last_ = glance();
  keep(sampler_.look(last_, now), now);
  const bool appended = co_await append_due(link);
  if (!appended) co_return;
  if (refused_ || put_due_ > now) co_return;
  put_due_ = now + put_interval;
  const bool put_down = co_await put(link);
  static_cast<void>(put_down);  // It is written again soon.
}

asio::awaitable<void> RunJournal::close(ControlLink* link) {
  if (closed_ || refused_ || !outcome_) co_return;
  const Instant now = pg::now();
  keep(sampler_.last(glance(), now), now);
  const bool appended = co_await append_due(link);
  if (!appended) co_return;
  closed_ = co_await put(link);
}

Glance RunJournal::glance() const {
  const Progress progress = session_->progress();
  Glance seen;
  seen.phase = progress.phase.empty() ? "start" : progress.phase;
  seen.totals = session_->totals();
  seen.batch_rows = progress.batch_rows;
  seen.batch_ms = progress.batch_ms;
  seen.workers_busy = progress.workers_busy;
  seen.limited_by = progress.limited_by;
  if (session_->monitor) seen.lag_s = session_->monitor->worst_lag_s();
  seen.time_lost = session_->time_lost();
  return seen;
}

RunRecord RunJournal::record() const {
  const RunnerIdentity process = identify_runner();
  RunRecord run;
  run.job = session_->record.id;
  run.epoch = session_->lease.epoch;
  run.command = command_of(session_->mode);
  run.os_user = process_user();
  run.host = process.host;
  run.pid = process.pid;
  run.totals = session_->totals();
  run.time_lost = session_->time_lost();
  if (outcome_) {
    run.exit_code = static_cast<int>(outcome_->code);
    run.outcome = outcome_->summary;
  }
  return run;
}

/// A server that takes nothing for long costs the samples of that time, not our memory.
void RunJournal::keep(std::optional<Sample> sample, Instant ended) {
  if (!sample) return;
  if (due_.size() == due_max) due_.pop_front();
  due_.push_back({*std::move(sample), ended});
}

/// In their order. One that cannot be written is left out, as `RunJournal` says.
asio::awaitable<bool> RunJournal::append_due(ControlLink* link) {
  while (!due_.empty()) {
    Due due = std::move(due_.front());
    due_.pop_front();
    const bool written = co_await append(link, std::move(due));
    if (!written) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> RunJournal::append(ControlLink* link, Due due) {
  const JobId job = session_->record.id;
  const Epoch epoch = session_->lease.epoch;
  const std::function<asio::awaitable<Result<std::int64_t>>(pg::Connection*)> op =
      [job, epoch, due](pg::Connection* connection) {
        return write_sample(connection, job, epoch, due.sample, pg::now() - due.ended);
      };
  const Result<std::int64_t> written = co_await link->attempt<std::int64_t>(op);
  if (written) sampler_.written(*written);
  co_return judge(written ? std::nullopt : std::optional<Error>(written.error()));
}

asio::awaitable<bool> RunJournal::put(ControlLink* link) {
  const RunRecord run = record();
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> op =
      [run](pg::Connection* connection) { return write_run(connection, run); };
  const Result<void> written = co_await link->attempt<void>(op);
  co_return judge(written ? std::nullopt : std::optional<Error>(written.error()));
}

/// Whether it was written. What another connection would not mend is not tried a second time.
bool RunJournal::judge(const std::optional<Error>& error) {
  if (!error) return true;
  if (is_transient(*error) || refused_) return false;
  refused_ = true;
  session_->tell(Level::debug, "information", "history_unwritten",
                 "this run leaves no history: " + error->message);
  return false;
}

}  // namespace backfill::run
