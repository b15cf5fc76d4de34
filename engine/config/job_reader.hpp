#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "config/problem.hpp"
#include "config/variables.hpp"

namespace backfill {

inline constexpr std::size_t job_file_bytes_max = 10'000'000;

struct ReadJob {
  std::optional<Job> job;         ///< only when there are no problems
  std::vector<Problem> problems;  ///< all of them, sorted by position
};

/// Reads a job file's text. Pure: variables come from `environment`. Strict: a key that is not
/// known, a value that does not fit, or two values that do not fit together are problems. Only a
/// file that is not YAML is reported by its first error alone.
[[nodiscard]] ReadJob read_job(std::string file_name, std::string_view text,
                               const Environment& environment);

/// The same for a file on disk; one that cannot be read is a problem without a line.
[[nodiscard]] ReadJob read_job_file(const std::string& path, const Environment& environment);

/// The text of such a file, up to one byte more than a job file may have; absent when it cannot be
/// read (`errno` says why).
[[nodiscard]] std::optional<std::string> job_file_text(const std::string& path);

/// The variables of this process.
[[nodiscard]] Environment process_environment();

}  // namespace backfill
