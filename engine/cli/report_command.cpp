#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/gate.hpp"
#include "cli/job_source.hpp"
#include "cli/report_page.hpp"
#include "cli/run_to_end.hpp"
#include "run/history.hpp"

namespace backfill::cli {

namespace {

/// Written beside its place and moved there, so that whoever looks sees the old page or the new
/// one. What went wrong, if anything did.
std::optional<std::string> write_page(const std::string& path, const std::string& page) {
  const std::string unfinished = fmt::format("{}.{}.part", path, ::getpid());
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file << page;
  file.close();
  if (!file) {
    const std::string why = std::strerror(errno);
    std::remove(unfinished.c_str());
    return why;
  }
  std::error_code failed;
  std::filesystem::rename(unfinished, path, failed);
  if (!failed) return std::nullopt;
  std::remove(unfinished.c_str());
  return failed.message();
}

}  // namespace

ExitCode report_command(const ReportArguments& arguments, Console& console) {
  const auto job = resolve_job(console, arguments.job);
  if (!job) return ExitCode::usage;
  console.name_job(job->name);
  boost::asio::io_context context(1);
  const auto report =
      run_to_end(context, run::read_report(context.get_executor(), job->conninfo, job->name));
  if (!report) return console.report(report.error(), "backfill report " + arguments.job);
  if (!report->has_value()) {
    console.report("unknown_job", {ExitCode::failed, never_ran(job->name), {}, "backfill status"});
    return ExitCode::failed;
  }
  const std::string page = report_page(**report);
  if (!arguments.output) {
    console.print(page);
    return ExitCode::done;
  }
  const std::optional<std::string> wrong = write_page(*arguments.output, page);
  if (wrong) {
    console.report("report_unwritten",
                   {ExitCode::failed,
                    fmt::format("{} could not be written: {}", *arguments.output, *wrong),
                    {},
                    fmt::format("backfill report {} --output FILE", arguments.job)});
    return ExitCode::failed;
  }
  console.print(*arguments.output + "\n");
  return ExitCode::done;
}

}  // namespace backfill::cli
