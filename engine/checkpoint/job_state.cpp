#include "checkpoint/job_state.hpp"

#include <array>
#include <cstddef>

namespace backfill {
namespace {

constexpr std::array<std::string_view, 4> state_names = {"running", "stopped", "failed", "done"};

}  // namespace

std::string_view to_string(JobState state) {
  return state_names.at(static_cast<std::size_t>(state));
}

std::optional<JobState> parse_job_state(std::string_view text) {
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    if (state_names.at(i) == text) return static_cast<JobState>(i);
  }
  return std::nullopt;
}

}  // namespace backfill
