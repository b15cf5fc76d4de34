#include <chrono>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/console_observer.hpp"
#include "cli/glyphs.hpp"
#include "cli/job_source.hpp"
#include "cli/reports.hpp"
#include "cli/run_to_end.hpp"
#include "cli/stop_signals.hpp"

namespace backfill::cli {

namespace {

ConsoleObserver::Options observer_options(const Console& console, const std::string& job) {
  ConsoleObserver::Options options;
  options.job = job;
  options.log = console.log_options(job);
  options.progress = !console.global().no_progress;
  options.live = console.terminal().live;
  return options;
}

ConsoleObserver::Surroundings surroundings() {
  const auto began = std::chrono::steady_clock::now();
  return {[](std::string_view text) { static_cast<void>(write_all(STDERR_FILENO, text)); },
          [] { return screen_size(STDERR_FILENO); },
          [began] {
            return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
          },
          std::chrono::system_clock::now};
}

void stop(run::JobRun& job_run, ConsoleObserver& observer, StopSignals::Request request,
          const std::string& signal) {
  const bool cancel = request == StopSignals::Request::cancel;
  observer.message(run::Level::warning, "stopping",
                   cancel
                       ? signal + ": cancelling the batches in flight; again to end at once"
                       : signal + ": stopping after the batches in flight; again to cancel them");
  job_run.stop(cancel, signal);
}

/// switch and drop are about two columns, which a backfill does not have.
bool is_for_type_copy(run::JobRun::Mode mode) {
  return mode == run::JobRun::Mode::switch_names || mode == run::JobRun::Mode::drop;
}

/// Asks on the terminal; without one only --yes is an answer. Nothing runs yet that must not wait.
bool confirm(const RunArguments& arguments, const std::vector<std::string>& steps) {
  if (arguments.yes) return true;
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) return false;
  std::string text = "rollback will\n";
  for (const std::string& step : steps) text += "  " + without_controls(step) + "\n";
  text += "go on? [y/N] ";
  if (!write_all(STDERR_FILENO, text)) return false;
  char answer = 'n';
  if (read(STDIN_FILENO, &answer, 1) != 1) return false;
  return answer == 'y' || answer == 'Y';
}

}  // namespace

ExitCode run_command(const RunArguments& arguments, Console& console) {
  std::optional<Job> job = load_job(console, arguments.job_file);
  if (!job) return ExitCode::usage;
  console.name_job(job->name);
  if (job->kind != JobKind::type_copy && is_for_type_copy(arguments.mode)) {
    console.report("usage",
                   {ExitCode::usage,
                    fmt::format("{} is a job of kind backfill: it has nothing to switch or to drop",
                                job->name),
                    {},
                    fmt::format("backfill run {}", arguments.job_file)});
    return ExitCode::usage;
  }
  if (job->kind != JobKind::type_copy && arguments.force) {
    console.report("usage", {ExitCode::usage,
                             fmt::format("{} is a job of kind backfill: it has no switch that "
                                         "--force could be for",
                                         job->name),
                             {},
                             "the same command without --force"});
    return ExitCode::usage;
  }
  ConsoleObserver observer(observer_options(console, job->name), surroundings());
  run::Request request;
  request.conninfo = conninfo_of(console, job->database);
  request.job = *std::move(job);
  request.wait = arguments.wait;
  request.force = arguments.force;
  request.drop_columns = arguments.drop_columns;
  request.confirm = [&arguments](const std::vector<std::string>& steps) {
    return confirm(arguments, steps);
  };

  boost::asio::io_context context(1);
  run::JobRun job_run(context, std::move(request), arguments.mode, observer);
  StopSignals signals(context, [&](StopSignals::Request wish, const std::string& signal) {
    stop(job_run, observer, wish, signal);
  });
  const run::Outcome outcome = run_to_end(context, job_run.go(), [&] {
    signals.release();
    observer.finish();
  });

  if (outcome.code != ExitCode::done) {
    console.report(outcome.code == ExitCode::stopped ? "stopped" : "ended", outcome);
    return outcome.code;
  }
  console.print(outcome_text(outcome));
  return outcome.code;
}

}  // namespace backfill::cli
