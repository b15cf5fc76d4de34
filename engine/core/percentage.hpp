#pragma once

#include <string>
#include <string_view>

#include "core/text_problem.hpp"

namespace backfill {

/// Reads "30%": a whole number from 1 to `most`.
[[nodiscard]] Parsed<int> parse_percentage(std::string_view text, int most);

/// What `parse_percentage` reads back.
[[nodiscard]] std::string percentage_text(int percent);

}  // namespace backfill
