#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace backfill {

/// What a check has found: what is wrong, on which object, and what to do about it.
struct Finding {
  enum class Severity {
    refuse,  ///< the job cannot run; exit code 3
    warn,    ///< it can, with a consequence that its owner should know first
    note,    ///< worth a line in the plan
  };

  Severity severity = Severity::refuse;
  std::string check;    ///< the check that found it, as its file is called
  std::string message;  ///< one sentence
  std::string hint;     ///< the next step; may be empty for a note
  /// What in the job file it is about, as `find_place` names it, and a byte in that value; empty
  /// when it is about none.
  std::string path = {};
  std::size_t offset = 0;

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// With `place` (file:line:column) in front of the message: what its author has to go to.
void put_in_front(const std::string& place, Finding* finding);

[[nodiscard]] std::string_view to_string(Finding::Severity severity);

/// "refused: message. hint", on one line.
[[nodiscard]] std::string format(const Finding& finding);

/// Whether any of them refuses the job.
[[nodiscard]] bool refuses(const std::vector<Finding>& findings);

}  // namespace backfill
