#pragma once

#include <string>
#include <string_view>

namespace backfill::cli {

/// The text of `backfill --help`.
[[nodiscard]] std::string_view general_help();

/// The text of `backfill COMMAND --help`; the general text for a command without one.
[[nodiscard]] std::string_view help_of(std::string_view command);

/// "backfill 0.1.0\n".
[[nodiscard]] std::string version_text();

}  // namespace backfill::cli
