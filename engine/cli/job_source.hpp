#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backfill/job.hpp"
#include "cli/console.hpp"

/// Which job and which database a command is about.
namespace backfill::cli {

/// Whether `JOB` is a file rather than a name: it exists, or ends in .yaml or .yml.
[[nodiscard]] bool is_job_file(const std::string& job);

/// Reads a job file; when it has problems they are reported and nothing comes back (exit 2).
[[nodiscard]] std::optional<Job> load_job(Console& console, const std::string& path);

/// --database, else `of_job`, else DATABASE_URL, else empty: libpq's own variables and files.
[[nodiscard]] std::string choose_conninfo(const std::optional<std::string>& argument,
                                          const std::optional<std::string>& of_job,
                                          const std::optional<std::string>& variable);

/// The same with this process's environment; says at level debug which one was taken.
[[nodiscard]] std::string conninfo_of(Console& console, const std::optional<std::string>& of_job);

/// A job that may be known by its name alone.
struct NamedJob {
  std::string name;
  std::string conninfo;
};

/// Absent when JOB is a file with problems (reported; exit 2).
[[nodiscard]] std::optional<NamedJob> resolve_job(Console& console, const std::string& job);

}  // namespace backfill::cli
