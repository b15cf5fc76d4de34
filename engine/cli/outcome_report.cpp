#include <fmt/format.h>

#include "cli/glyphs.hpp"
#include "cli/reports.hpp"

namespace backfill::cli {

std::string next_line(std::string_view next) {
  return next.empty() ? std::string() : fmt::format("next: {}\n", without_controls(next));
}

std::string outcome_text(const run::Outcome& outcome) {
  std::string text = without_controls(outcome.summary) + "\n";
  for (const std::string& detail : outcome.details) {
    text += fmt::format("  {}\n", without_controls(detail));
  }
  return text + next_line(outcome.next);
}

}  // namespace backfill::cli
