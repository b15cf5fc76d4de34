#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What a terminal can show, and how wide text is on it.
namespace backfill::cli {

struct DisplayStyle {
  std::size_t width = 80;  ///< columns
  bool utf8 = true;
  bool colour = false;
};

/// Columns that UTF-8 text takes: combining marks none, CJK and emoji two (an approximation of
/// Unicode's East Asian Width that never counts too little for the scripts in use).
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// The text cut to `columns`, with "…" in place of what went ("..." without UTF-8).
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns, bool utf8);

/// Our own typography in ASCII ("–" -> "-", " · " -> ", ", "…" -> "..."); other text stays.
[[nodiscard]] std::string plain_typography(std::string_view text);

/// Control characters replaced by spaces: a name or message must not steer the terminal.
[[nodiscard]] std::string without_controls(std::string_view text);

}  // namespace backfill::cli
