#include "catalog/finding.hpp"

#include <algorithm>
#include <cstdlib>

namespace backfill {

void put_in_front(const std::string& place, Finding* finding) {
  if (!place.empty()) finding->message = place + ": " + finding->message;
}

std::string_view to_string(Finding::Severity severity) {
  switch (severity) {
    case Finding::Severity::refuse: return "refused";
    case Finding::Severity::warn: return "warning";
    case Finding::Severity::note: return "note";
  }
  std::abort();
}

std::string format(const Finding& finding) {
  std::string line{to_string(finding.severity)};
  line += ": " + finding.message;
  if (finding.hint.empty()) return line;
  return line + (line.ends_with('.') ? " " : ". ") + finding.hint;
}

bool refuses(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    return finding.severity == Finding::Severity::refuse;
  });
}

}  // namespace backfill
