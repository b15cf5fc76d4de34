#pragma once

#include <span>
#include <string_view>

/// What `backfill lint` looks for. One row a rule; its name stands in the output and in comments
/// that allow it, and never changes.
namespace backfill::lint {

enum class Severity { error, warning };

/// What a rule must see to speak.
enum class Scope {
  reading,   ///< the file cannot be read as a job: `run` would refuse, so nothing can allow it
  file,      ///< the file alone
  files,     ///< the other files of the same call
  history,   ///< git
  database,  ///< the control schema
};

struct Rule {
  std::string_view name;
  Severity severity = Severity::error;
  Scope scope = Scope::file;
  std::string_view meaning;  ///< a sentence without its full stop
};

[[nodiscard]] std::span<const Rule> rules();

/// Null when there is none of that name.
[[nodiscard]] const Rule* find_rule(std::string_view name);

[[nodiscard]] std::string_view severity_word(Severity severity);

}  // namespace backfill::lint
