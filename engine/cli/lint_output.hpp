#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/lint/subject.hpp"

/// What `lint` prints, for people and for the tools that read such things. Pure.
namespace backfill::cli {

struct LintReport {
  std::vector<std::string> files;  ///< all that were looked at, in their order
  std::vector<lint::LintProblem> problems;
  std::size_t allowed = 0;  ///< by comments in the files
};

[[nodiscard]] std::size_t count(const LintReport& report, lint::Severity severity);

/// `file:line:column: error: message [rule]`, and a line for each file without problems.
[[nodiscard]] std::string lint_text(const LintReport& report);

/// files, errors, warnings, allowed, problems [{file, line, column, rule, severity, message}]: line
/// and column are null for what is about the file as a whole.
[[nodiscard]] std::string lint_json(const LintReport& report);

/// Workflow commands of GitHub Actions: `::error file=…,line=…,col=…,title=…::message`.
[[nodiscard]] std::string lint_github(const LintReport& report);

/// SARIF 2.1.0 (OASIS). `folder` is where relative paths begin; what lies outside of it is named
/// absolutely.
[[nodiscard]] std::string lint_sarif(const LintReport& report, std::string_view folder);

/// The table of rules, for `lint --rules`.
[[nodiscard]] std::string lint_rules_text();

}  // namespace backfill::cli
