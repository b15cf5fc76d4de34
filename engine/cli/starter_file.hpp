#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "core/text_problem.hpp"
#include "run/look_at_table.hpp"

/// Starter job files: complete, with comments that teach, and refused by the server until somebody
/// has put the real expression in. Pure.
namespace backfill::cli {

/// A column as `--column` names it: `email_normalized text`, or without the type.
struct StarterColumn {
  std::string name;  ///< unquoted
  std::optional<std::string> type;
  friend bool operator==(const StarterColumn&, const StarterColumn&) = default;
};

struct Starter {
  JobKind kind = JobKind::backfill;
  std::string name;
  std::string file;                    ///< for the commands in its comments
  std::optional<QualifiedName> table;  ///< absent: a placeholder
  std::vector<StarterColumn> columns;  ///< empty: a placeholder
  std::optional<run::TableLook> look;  ///< what the server says of the table
};

/// `20260131_0930_`: the minute in UTC, so that files sort alike wherever they were made.
[[nodiscard]] std::string starter_prefix(std::chrono::system_clock::time_point now);

/// Splits `NAME TYPE` or `NAME` as SQL would.
[[nodiscard]] Parsed<StarterColumn> parse_starter_column(std::string_view text);

/// What stands in the way, with the option that helps: a type that nobody can know, a column that
/// is there already as something else, or is not there to be changed. Empty when nothing does.
[[nodiscard]] std::string problem_of_starter(const Starter& starter);

[[nodiscard]] std::string starter_text(const Starter& starter);

}  // namespace backfill::cli
