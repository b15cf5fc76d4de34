#include <algorithm>
#include <chrono>
#include <thread>
#include <unistd.h>

#include "cli/ask_status.hpp"
#include "cli/commands.hpp"
#include "cli/gate.hpp"
#include "cli/job_source.hpp"
#include "cli/json_output.hpp"
#include "cli/live_display.hpp"
#include "cli/reports.hpp"

namespace backfill::cli {

namespace {

using Jobs = std::vector<run::JobStatus>;

constexpr std::chrono::seconds watch_every{1};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<run::JobStatus> first_of(const Jobs& jobs) {
  return jobs.empty() ? std::nullopt : std::optional(jobs.front());
}

std::string rendered(const StatusArguments& arguments, const Jobs& jobs, DisplayStyle style) {
  if (arguments.json) {
    if (arguments.job) return status_json(first_of(jobs), arguments.watch);
    return arguments.watch ? status_json_line(jobs) : status_json(jobs);
  }
  // The last column stays free: some terminals wrap as soon as it is written.
  style.width = std::max<std::size_t>(style.width, 2) - 1;
  if (arguments.job) return jobs.empty() ? std::string() : status_detail(jobs.front(), style);
  if (!jobs.empty()) return status_table(jobs, style);
  return "no job has run in this database yet\n" + next_line("backfill run JOB.yaml");
}

bool all_done(const Jobs& jobs) {
  return std::all_of(jobs.begin(), jobs.end(), [](const auto& job) { return job.state == "done"; });
}

}  // namespace

ExitCode status_command(const StatusArguments& arguments, Console& console) {
  NamedJob job;
  if (arguments.job) {
    const auto resolved = resolve_job(console, *arguments.job);
    if (!resolved) return ExitCode::usage;
    job = *resolved;
    console.name_job(job.name);
  } else {
    job.conninfo = conninfo_of(console, std::nullopt);
  }
  const std::optional<std::string> name =
      arguments.job ? std::optional(job.name) : std::optional<std::string>();

  bool read_by_someone = true;
  LiveDisplay display([&](std::string_view text) { read_by_someone = console.print(text); },
                      [] { return screen_size(STDOUT_FILENO); });
  const bool redraw = arguments.watch && !arguments.json && console.terminal().stdout_is_terminal;
  while (read_by_someone) {
    const auto jobs = ask_status(job.conninfo, name);
    if (!jobs) return console.report(jobs.error(), "backfill status");
    const std::string text = rendered(arguments, *jobs, console.result_style());
    if (redraw) {
      display.show(lines_of(text));
    } else {
      read_by_someone = console.print(text);
    }
    if (name && jobs->empty()) {
      console.report("unknown_job", {ExitCode::failed, never_ran(*name), {}, "backfill status"});
      return ExitCode::failed;
    }
    if (!arguments.watch || all_done(*jobs)) break;
    std::this_thread::sleep_for(watch_every);
  }
  return ExitCode::done;
}

}  // namespace backfill::cli
