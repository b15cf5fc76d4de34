#include "run/session.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pg/clock.hpp"
#include "pg/conninfo.hpp"

namespace backfill::run {

Session::Session(asio::any_io_executor runs_on, Request asked, JobRun::Mode runs_as,
                 Observer* observed_by, std::uint64_t seeded)
    : executor(std::move(runs_on)),
      request(std::move(asked)),
      mode(runs_as),
      observer(observed_by),
      options{.conninfo = request.conninfo, .application_name = "backfill: " + request.job.name},
      seed(seeded),
      control(executor, options, seed) {}

bool Session::quarantines() const {
  if (sweep_sql || mode == JobRun::Mode::rollback) return false;
  return !copy || copy->stage != CopyStage::switched;
}

TransactionSettings Session::settings() const {
  const SafetySettings& safety = request.job.safety;
  TransactionSettings settings;
  settings.lock_timeout = safety.lock_timeout;
  settings.statement_timeout = safety.statement_timeout;
  settings.search_path = record.search_path;
  settings.bypass_triggers = safety.user_triggers == UserTriggers::bypass;
  if (request.job.kind == JobKind::type_copy || !request.job.preserve.empty()) {
    settings.quiet_job = request.job.name;
  }
  return settings;
}

Fence Session::fence(std::string of_phase, int pass) const {
  return Fence{SweepId{record.id, std::move(of_phase), pass}, lease.epoch};
}

/// Exact once the end of the key has been seen, an estimate before, never below what is done.
std::optional<RowCount> Session::keys_total(const SweepState& state) const {
  if (state.end_seen) return state.keys_probed;
  // That of the first run: a table that our own updates have swollen looks as if it had more rows.
  const bool own = !copy || copy->tables.empty() || target.table == copy->own().target.table;
  const auto& estimate =
      own && record.rows_estimated ? record.rows_estimated : target.estimated_rows;
  if (!estimate) return std::nullopt;
  return std::max(RowCount{*estimate}, state.keys_probed);
}

void Session::measure() {
  if (!sweep || !meter) return;
  const SweepState state = sweep->state();
  const Instant now = pg::now();
  meter->on_progress(state.keys_done, keys_total(state), state.end_seen, now);
}

Progress Session::progress() const {
  Progress progress;
  progress.phase = phase;
  progress.rows_changed = rows_before;
  progress.limited_by = waiting_for;
  const RunTotals run = totals();
  progress.batches = run.batches;
  progress.retries = run.retries;
  if (ddl) progress.doing = ddl->doing();
  if (!sweep) return progress;
  const SweepState state = sweep->state();
  progress.keys_done = state.keys_done;
  if (changes_rows()) progress.rows_changed += state.rows;
  progress.keys_total = keys_total(state);
  if (meter) {
    const ProgressEstimate estimate = meter->estimate(pg::now());
    progress.fraction_rows = estimate.fraction;
    progress.rows_per_second = estimate.keys_per_second;
    progress.eta = estimate.eta;
  }
  progress.fraction_key =
      state.end_seen && state.keys_done == state.keys_probed ? 1.0 : fraction_key;
  if (monitor) progress.lag = monitor->lag();
  progress.batch_rows = state.batch_rows;
  progress.batch_ms = state.batch_ms;
  progress.workers_busy = state.slots_busy;
  progress.workers_limit = state.slots_limit;
  progress.limited_by = state.limited_by;
  return progress;
}

/// Whether the sweep that runs changes what it finds. The table of one that is not over the job's
/// own stands behind the word.
bool Session::changes_rows() const {
  return !phase.substr(0, phase.find(' ')).ends_with("verify");
}

RunTotals Session::totals() const {
  RunTotals all = ended_sweeps;
  if (!sweep) return all;
  const SweepState state = sweep->state();
  all.rows_passed += (state.keys_done - keys_at_start).value;
  if (changes_rows()) all.rows_changed += state.rows.value;
  all.batches += state.batches;
  all.retries += state.retries;
  return all;
}

std::map<std::string, Duration> Session::time_lost() const {
  std::map<std::string, Duration> all = waits_ended;
  if (monitor) {
    for (const auto& [reason, lost] : monitor->time_lost()) all[reason] += lost;
  }
  if (!sweep) return all;
  for (const auto& [reason, lost] : sweep->state().time_lost) all[reason] += lost;
  return all;
}

void Session::tell(Level level, std::string kind, std::string reason, const std::string& text) {
  observer->message(level, reason, text);
  if (!keeper) return;
  const nlohmann::json detail{{"text", text}, {"phase", phase}};
  // The text may quote a server that speaks another encoding than UTF-8.
  keeper->record({std::move(kind),
                  std::move(reason),
                  detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                  {}});
}

ExitCode untouched_exit_code(const std::string& conninfo, const Error& error) {
  pg::ConnectOptions options;
  options.conninfo = conninfo;
  if (!pg::read_conninfo(options)) return ExitCode::usage;
  const bool answered = error.kind == ErrorClass::fatal || error.kind == ErrorClass::row;
  return answered ? ExitCode::refused : ExitCode::failed;
}

std::string run_command(const Session& session) {
  return "backfill run " + session.request.job.file;
}

Outcome failed_outcome(const Session& session, const Error& error) {
  Outcome outcome;
  outcome.code = ExitCode::failed;
  outcome.summary = fmt::format("job {} failed: {}", session.request.job.name, error.message);
  if (!error.sqlstate.empty()) outcome.details.push_back("SQLSTATE: " + error.sqlstate);
  if (!error.detail.empty()) outcome.details.push_back("detail: " + error.detail);
  if (!error.context.empty()) outcome.details.push_back("while: " + error.context);
  if (!error.hint.empty()) outcome.details.push_back("hint: " + error.hint);
  outcome.next = run_command(session) + "   (goes on where it was)";
  return outcome;
}

Outcome stopped_outcome(const Session& session, const std::string& reason) {
  Outcome outcome;
  outcome.code = ExitCode::stopped;
  outcome.summary = fmt::format("job {} stopped ({}); everything done so far is kept",
                                session.request.job.name, reason);
  outcome.next = session.mode == JobRun::Mode::verify_only
                     ? "backfill verify " + session.request.job.file
                     : run_command(session) + "   (goes on where it was)";
  return outcome;
}

namespace {

Outcome taken_over_outcome(const Session& session) {
  Outcome outcome;
  outcome.code = ExitCode::owned;
  outcome.summary = fmt::format("another runner has taken over job {}; this one has let go",
                                session.request.job.name);
  outcome.next = "backfill status " + session.request.job.name;
  return outcome;
}

}  // namespace

Outcome ending_of_error(const Session& session, const Error& error) {
  const bool lost = session.keeper && session.keeper->lost();
  if (lost || error.kind == ErrorClass::lease_lost) return taken_over_outcome(session);
  // A stop cancels what runs and repeats nothing: what then fails has failed for its sake.
  if (session.stop_reason && is_transient(error)) {
    return stopped_outcome(session, *session.stop_reason);
  }
  return failed_outcome(session, error);
}

Ending ending_of(const Session& session, const Finish& finish) {
  switch (finish.how) {
    case Finish::How::completed: return std::nullopt;
    case Finish::How::stopped: return stopped_outcome(session, finish.reason);
    case Finish::How::failed: return ending_of_error(session, finish.error);
    case Finish::How::lease_lost: break;
  }
  return taken_over_outcome(session);
}

Ending stop_asked(const Session& session) {
  if (session.keeper && session.keeper->lost()) return taken_over_outcome(session);
  if (!session.stop_reason) return std::nullopt;
  return stopped_outcome(session, *session.stop_reason);
}

void start_pool(Session* session) {
  if (session->pool) return;
  session->pool = std::make_unique<SlotPool>(session->executor, session->options,
                                             session->request.job.pace.connections, session->seed);
  session->pool->start();
}

}  // namespace backfill::run
