#include "config/lint/lint.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "config/job_reader.hpp"
#include "config/lint/allowances.hpp"
#include "config/lint/rule_checks.hpp"
#include "core/nearest.hpp"

namespace backfill::lint {

namespace {

bool speaks_of(const Allowance& allowance, const LintProblem& problem) {
  if (allowance.rule != problem.rule->name || problem.rule->scope == Scope::reading) return false;
  if (problem.line == 0) return true;
  const int first = std::min(problem.key_line, problem.line);
  const auto within = [&](int line) { return line >= first && line <= problem.line; };
  return within(allowance.line) || within(allowance.covered_line);
}

std::string unknown_rule(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Rule& rule : rules()) names.push_back(rule.name);
  const auto nearest = nearest_word(name, names);
  return nearest ? fmt::format("there is no rule {}; did you mean {}?", name, *nearest)
                 : fmt::format("there is no rule {}; `backfill lint --rules` lists them", name);
}

}  // namespace

LintedFile lint_text(const std::string& file, std::string_view text,
                     const Environment& environment) {
  ReadJob read = read_job(file, text, environment);
  LintedFile linted;
  for (Problem& problem : read.problems) {
    linted.unreadable.push_back({file, problem.line, problem.column, find_rule("schema"),
                                 std::move(problem.message), problem.line});
  }
  if (!read.job) return linted;
  linted.subject = std::make_unique<Subject>(*std::move(read.job), text, environment);
  check_file_name(*linted.subject);
  check_expressions(*linted.subject);
  check_enforce(*linted.subject);
  check_type_copy(*linted.subject);
  check_settings(*linted.subject);
  return linted;
}

Settled settle(Subject& subject, const std::set<Scope>& looked) {
  const std::vector<Allowance> allowances = find_allowances(subject.text());
  std::vector<bool> used(allowances.size(), false);
  Settled settled;
  for (LintProblem& problem : subject.problems()) {
    bool allowed = false;
    for (std::size_t i = 0; i < allowances.size(); ++i) {
      if (!speaks_of(allowances[i], problem)) continue;
      used[i] = true;
      allowed = true;
    }
    if (allowed) {
      ++settled.allowed;
    } else {
      settled.problems.push_back(std::move(problem));
    }
  }
  subject.problems().clear();
  for (std::size_t i = 0; i < allowances.size(); ++i) {
    const Allowance& allowance = allowances[i];
    const Rule* rule = find_rule(allowance.rule);
    const FilePlace place{allowance.line, allowance.column};
    if (rule == nullptr) {
      subject.report_at("unknown-allowance", place, unknown_rule(allowance.rule));
    } else if (rule->scope == Scope::reading) {
      subject.report_at(
          "unknown-allowance", place,
          fmt::format("{} cannot be allowed: `run` would refuse the file", rule->name));
    } else if (!used[i] && looked.contains(rule->scope)) {
      subject.report_at("unused-allowance", place,
                        fmt::format("nothing here needs {} to be allowed", rule->name));
    }
  }
  for (LintProblem& problem : subject.problems()) settled.problems.push_back(std::move(problem));
  std::ranges::sort(settled.problems, {}, [](const LintProblem& problem) {
    return std::tie(problem.line, problem.column, problem.rule->name, problem.message);
  });
  return settled;
}

}  // namespace backfill::lint
