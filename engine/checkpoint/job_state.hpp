#pragma once

#include <optional>
#include <string_view>

namespace backfill {

/// As `backfill.jobs.state` holds it; the names are frozen.
enum class JobState { running, stopped, failed, done };

[[nodiscard]] std::string_view to_string(JobState state);
[[nodiscard]] std::optional<JobState> parse_job_state(std::string_view text);

}  // namespace backfill
