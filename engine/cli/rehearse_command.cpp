#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/job_source.hpp"
#include "cli/rehearse_report.hpp"
#include "cli/run_to_end.hpp"

namespace backfill::cli {

ExitCode rehearse_command(const RehearseArguments& arguments, Console& console) {
  std::optional<Job> job = load_job(console, arguments.job_file);
  if (!job) return ExitCode::usage;
  const std::string name = job->name;
  console.name_job(name);
  run::RehearseRequest request;
  request.conninfo = conninfo_of(console, job->database);
  request.job = *std::move(job);
  request.budget = arguments.budget;
  request.mask = arguments.mask;
  request.add_columns = arguments.add_columns;
  const std::string conninfo = request.conninfo;

  boost::asio::io_context context(1);
  const Result<run::Rehearsal> rehearsal =
      run_to_end(context, run::rehearse_job(context.get_executor(), std::move(request)));
  if (!rehearsal) {
    const ExitCode code = run::untouched_exit_code(conninfo, rehearsal.error());
    console.report("refused", {code,
                               describe(rehearsal.error()),
                               {},
                               fmt::format("backfill rehearse {}", arguments.job_file)});
    return code;
  }
  console.print(arguments.json ? rehearsal_json(*rehearsal, name)
                               : rehearsal_text(*rehearsal, name, console.result_style()));
  return rehearsal->code;
}

}  // namespace backfill::cli
