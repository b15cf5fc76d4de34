#include "cli/gate.hpp"

#include <fmt/format.h>

#include "cli/progress_view.hpp"

namespace backfill::cli {

std::string never_ran(const std::string& name) {
  return fmt::format("no job named {} has ever run here", name);
}

GateAnswer gate_answer(const std::string& name, const std::optional<run::JobStatus>& status) {
  if (!status) return {false, never_ran(name)};
  if (status->state == "done") return {true, name + ": done"};
  std::string line =
      fmt::format("{}: not done: {} in phase {}", name, status->state, status->phase);
  line += ", " + shares_text(status->progress);
  if (status->state == "running" && status->progress.eta) {
    line += fmt::format(", {} left", eta_text(status->progress));
  }
  if (status->last_error) line += ", last error: " + *status->last_error;
  return {false, line};
}

}  // namespace backfill::cli
