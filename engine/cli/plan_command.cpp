#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/job_source.hpp"
#include "cli/json_output.hpp"
#include "cli/reports.hpp"
#include "cli/run_to_end.hpp"

namespace backfill::cli {

ExitCode plan_command(const PlanArguments& arguments, Console& console) {
  std::optional<Job> job = load_job(console, arguments.job_file);
  if (!job) return ExitCode::usage;
  const std::string name = job->name;
  run::Request request;
  console.name_job(job->name);
  request.conninfo = conninfo_of(console, job->database);
  request.job = *std::move(job);
  const std::string conninfo = request.conninfo;

  boost::asio::io_context context(1);
  const Result<run::PlanReport> plan =
      run_to_end(context, run::plan_job(context.get_executor(), std::move(request)));
  if (!plan) {
    const ExitCode code = run::untouched_exit_code(conninfo, plan.error());
    console.report(
        "refused",
        {code, describe(plan.error()), {}, fmt::format("backfill plan {}", arguments.job_file)});
    return code;
  }
  switch (arguments.form) {
    case PlanForm::text: console.print(plan_text(*plan, name, console.result_style())); break;
    case PlanForm::sql: console.print(plan_sql(*plan, name)); break;
    case PlanForm::json: console.print(plan_json(*plan, name)); break;
  }
  return plan->code;
}

}  // namespace backfill::cli
