#include "core/percentage.hpp"

#include <charconv>

#include <fmt/format.h>

namespace backfill {

Parsed<int> parse_percentage(std::string_view text, int most) {
  int number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, code] = std::from_chars(text.data(), last, number);
  const bool whole = end + 1 == last && *end == '%';
  if (code == std::errc::invalid_argument || !whole) {
    return TextProblem{0, "a whole percentage is wanted, such as 30%"};
  }
  if (code != std::errc{} || number < 1 || number > most) {
    return TextProblem{0, fmt::format("a percentage here is from 1% to {}%", most)};
  }
  return number;
}

std::string percentage_text(int percent) {
  return fmt::format("{}%", percent);
}

}  // namespace backfill
