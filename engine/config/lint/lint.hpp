#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/lint/subject.hpp"

/// `backfill lint`: the rules over job files. Pure; who calls it reads the files, asks git and the
/// server, and hands in what they say (`check_meaning`).
namespace backfill::lint {

/// A file that can be read as a job, or the problems that keep it from that.
struct LintedFile {
  std::unique_ptr<Subject> subject;
  std::vector<LintProblem> unreadable;
};

/// Reads the text as `run` would, and lets the rules of one file look at it.
[[nodiscard]] LintedFile lint_text(const std::string& file, std::string_view text,
                                   const Environment& environment);

/// What is left of a subject's problems once its comments have allowed theirs, in the order of the
/// file. `looked` says which scopes have been looked at: a comment that allows what nobody has
/// looked for is not called unused.
struct Settled {
  std::vector<LintProblem> problems;
  std::size_t allowed = 0;
};
[[nodiscard]] Settled settle(Subject& subject, const std::set<Scope>& looked);

}  // namespace backfill::lint
