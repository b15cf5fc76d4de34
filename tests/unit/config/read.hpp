#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/job_reader.hpp"

/// What the tests of the reader share.
namespace backfill::test {

using Variables = std::map<std::string, std::string, std::less<>>;

inline Environment environment_of(Variables variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

inline ReadJob read(std::string_view text, Variables variables = {}) {
  return read_job("job.yaml", text, environment_of(std::move(variables)));
}

/// "2:7: message" for each problem.
inline std::vector<std::string> problems_of(std::string_view text, Variables variables = {}) {
  std::vector<std::string> lines;
  for (const Problem& problem : read(text, std::move(variables)).problems) {
    lines.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                    problem.message);
  }
  return lines;
}

/// A job with nothing but what it must have, and `more` behind it from line 6 on.
inline std::string minimal(std::string_view more = {}) {
  return "version: 1\nkind: backfill\ntable: users\nset:\n  n: n + 1\n" + std::string(more);
}

}  // namespace backfill::test
