#include "cli/job_source.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/redact.hpp"
#include "config/job_reader.hpp"

namespace backfill::cli {

bool is_job_file(const std::string& job) {
  if (job.ends_with(".yaml") || job.ends_with(".yml")) return true;
  std::error_code ignored;
  const auto status = std::filesystem::status(job, ignored);
  // A folder beside us may well be named like a job.
  return std::filesystem::exists(status) && !std::filesystem::is_directory(status);
}

std::optional<Job> load_job(Console& console, const std::string& path) {
  ReadJob read = read_job_file(path, process_environment());
  if (read.job) return std::move(read.job);
  run::Outcome outcome;
  outcome.code = ExitCode::usage;
  const std::size_t count = read.problems.size();
  outcome.summary = fmt::format("{}: {} problem{} in the job file; nothing has been touched", path,
                                count, count == 1 ? "" : "s");
  for (const Problem& problem : read.problems) outcome.details.push_back(format(problem));
  outcome.next = fmt::format("backfill lint {}", path);
  console.report("bad_job_file", outcome);
  return std::nullopt;
}

std::string choose_conninfo(const std::optional<std::string>& argument,
                            const std::optional<std::string>& of_job,
                            const std::optional<std::string>& variable) {
  for (const auto* candidate : {&argument, &of_job, &variable}) {
    if (candidate->has_value() && !(*candidate)->empty()) return **candidate;
  }
  return {};
}

std::string conninfo_of(Console& console, const std::optional<std::string>& of_job) {
  const char* variable = std::getenv("DATABASE_URL");
  const std::string conninfo =
      choose_conninfo(console.global().database, of_job,
                      variable == nullptr ? std::nullopt : std::optional<std::string>(variable));
  console.log(
      run::Level::debug, "database",
      conninfo.empty() ? "from the PG* variables, service and password files" : redact(conninfo));
  return conninfo;
}

std::optional<NamedJob> resolve_job(Console& console, const std::string& job) {
  if (!is_job_file(job)) return NamedJob{job, conninfo_of(console, std::nullopt)};
  const std::optional<Job> loaded = load_job(console, job);
  if (!loaded) return std::nullopt;
  return NamedJob{loaded->name, conninfo_of(console, loaded->database)};
}

}  // namespace backfill::cli
