#include <boost/asio/io_context.hpp>

#include "cli/commands.hpp"
#include "cli/job_source.hpp"
#include "cli/reports.hpp"
#include "cli/run_to_end.hpp"

namespace backfill::cli {

ExitCode control_command(const ControlArguments& arguments, Console& console) {
  const auto job = resolve_job(console, arguments.job);
  if (!job) return ExitCode::usage;
  run::ControlRequest request;
  request.kind = arguments.kind;
  request.job = job->name;
  request.conninfo = job->conninfo;
  request.cancel = arguments.cancel;
  request.settings = arguments.settings;
  request.reset = arguments.reset;
  request.reset_all = arguments.reset_all;
  boost::asio::io_context context(1);
  const run::Outcome outcome =
      run_to_end(context, run::control_job(context.get_executor(), std::move(request)));
  if (outcome.code != ExitCode::done) {
    console.report("not_commanded", outcome);
    return outcome.code;
  }
  console.print(outcome_text(outcome));
  return outcome.code;
}

}  // namespace backfill::cli
