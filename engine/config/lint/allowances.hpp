#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backfill::lint {

/// A comment of a job file that allows a rule at one place:
///
///     # backfill-lint: allow RULE[, RULE…] [why, in any words]
///
/// It speaks of its own line, and where it stands alone also of the next line that is no comment.
/// What is about the file as a whole is allowed by such a comment anywhere in it.
struct Allowance {
  std::string rule;
  int line = 0;
  int column = 0;        ///< of the rule's name, in characters
  int covered_line = 0;  ///< the other line that it speaks of; `line` when there is none
};

[[nodiscard]] std::vector<Allowance> find_allowances(std::string_view text);

}  // namespace backfill::lint
