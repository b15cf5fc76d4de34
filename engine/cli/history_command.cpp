#include <boost/asio/io_context.hpp>

#include "cli/ask_status.hpp"
#include "cli/commands.hpp"
#include "cli/gate.hpp"
#include "cli/job_source.hpp"
#include "cli/json_output.hpp"
#include "cli/reports.hpp"
#include "cli/run_to_end.hpp"
#include "run/history.hpp"

namespace backfill::cli {

namespace {

std::string rendered(const HistoryArguments& arguments, const std::vector<StoredRun>& runs,
                     DisplayStyle style) {
  if (arguments.json) return history_json(runs);
  if (runs.empty()) {
    return "no run has been recorded yet\n" + next_line("backfill run JOB.yaml");
  }
  style.width = std::max<std::size_t>(style.width, 2) - 1;
  return history_table(runs, style);
}

}  // namespace

ExitCode history_command(const HistoryArguments& arguments, Console& console) {
  NamedJob job;
  std::optional<std::string> name;
  if (arguments.job) {
    const auto resolved = resolve_job(console, *arguments.job);
    if (!resolved) return ExitCode::usage;
    job = *resolved;
    name = job.name;
    console.name_job(job.name);
    const auto known = ask_status(job.conninfo, name);
    if (!known) return console.report(known.error(), "backfill history");
    if (known->empty()) {
      console.report("unknown_job", {ExitCode::failed, never_ran(job.name), {}, "backfill status"});
      return ExitCode::failed;
    }
  } else {
    job.conninfo = conninfo_of(console, std::nullopt);
  }
  boost::asio::io_context context(1);
  const auto runs = run_to_end(
      context, run::read_history(context.get_executor(), job.conninfo, name, arguments.limit));
  if (!runs) return console.report(runs.error(), "backfill history");
  console.print(rendered(arguments, *runs, console.result_style()));
  return ExitCode::done;
}

}  // namespace backfill::cli
