#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "config/lint/lint.hpp"
#include "unit/config/read.hpp"

/// What the tests of the rules share.
namespace backfill::test {

inline constexpr const char* good_name = "jobs/20260131_0930_emails.yaml";

/// "5:6 rule" for each problem that no comment allows, in the order of the file.
inline std::vector<std::string> found(std::string_view text, const std::string& file = good_name) {
  const lint::LintedFile linted = lint::lint_text(file, text, environment_of({}));
  std::vector<std::string> lines;
  const auto add = [&lines](const lint::LintProblem& problem) {
    lines.push_back(fmt::format("{}:{} {}", problem.line, problem.column, problem.rule->name));
  };
  for (const lint::LintProblem& problem : linted.unreadable) add(problem);
  if (!linted.subject) return lines;
  const lint::Settled settled =
      lint::settle(*linted.subject, {lint::Scope::file, lint::Scope::files});
  for (const lint::LintProblem& problem : settled.problems) add(problem);
  return lines;
}

/// A backfill that no rule objects to, with `more` behind it from line 4 on.
inline std::string backfill_of(std::string_view more) {
  return "version: 1\nkind: backfill\ntable: public.users\n" + std::string(more);
}

inline std::string type_copy_of(std::string_view more) {
  return "version: 1\nkind: type-copy\ntable: public.users\n" + std::string(more);
}

using Lines = std::vector<std::string>;

}  // namespace backfill::test
