#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a job remembers of what it has made, so that a rollback takes back that and nothing else.
namespace backfill::run {

/// A step of `enforce` that was begun when nothing of it was there.
struct BegunStep {
  std::size_t number = 0;                  ///< in the job file, from 1
  std::string text;                        ///< for people
  std::string name;                        ///< of the constraint or index; empty for a default
  std::optional<std::string> old_default;  ///< SQL
  friend bool operator==(const BegunStep&, const BegunStep&) = default;
};

/// `detail` of phase `enforce`: {"begun": [{"step": 1, "what": …, "name": …, "old_default": …}]}.
struct EnforceRecord {
  std::vector<BegunStep> begun;

  [[nodiscard]] const BegunStep* find(std::size_t number) const;
  [[nodiscard]] std::string json() const;
  /// What cannot be read is not there.
  [[nodiscard]] static EnforceRecord parse(std::string_view json);
};

/// `detail` of phase `add`: {"added": ["email_normalized"]}.
[[nodiscard]] std::string added_columns_json(const std::vector<std::string>& columns);
[[nodiscard]] std::vector<std::string> parse_added_columns(std::string_view json);

}  // namespace backfill::run
