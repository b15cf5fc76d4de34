#include "core/duration_text.hpp"

#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace backfill {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

/// Largest first: the order in which they may stand in a duration.
constexpr std::array<Unit, 4> units{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

constexpr std::int64_t duration_ms_max = 9'999LL * 3'600'000;
constexpr std::size_t digits_max = 11;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::optional<std::size_t> unit_index(std::string_view name) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return TextProblem{0, "a duration is wanted, such as 250ms, 1s, 5m or 1h30m"};
  std::int64_t total = 0;
  std::size_t at = 0;
  std::size_t next_unit = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    const std::string_view digits = text.substr(start, at - start);
    if (digits.empty() || (at < text.size() && text[at] == '.')) {
      return TextProblem{
          start, "a duration is made of whole numbers with units, such as 250ms, 1s, 5m or 1h30m"};
    }
    const std::size_t unit_start = at;
    while (at < text.size() && is_letter(text[at])) ++at;
    const std::string_view name = text.substr(unit_start, at - unit_start);
    if (name.empty()) {
      return TextProblem{start, "a duration needs a unit: ms, s, m or h, such as 250ms or 1s"};
    }
    const std::optional<std::size_t> unit = unit_index(name);
    if (!unit) {
      return TextProblem{unit_start,
                         "this unit of time is not known; the units are ms, s, m and h"};
    }
    if (*unit < next_unit) {
      return TextProblem{start, "the larger unit comes first and each only once, such as 1h30m"};
    }
    next_unit = *unit + 1;
    std::int64_t number = 0;
    for (const char digit : digits.substr(0, digits_max)) number = number * 10 + (digit - '0');
    const std::int64_t factor = units[*unit].milliseconds;
    if (digits.size() > digits_max || number > (duration_ms_max - total) / factor) {
      return TextProblem{start, "a duration is at most 9999h"};
    }
    total += number * factor;
  }
  return std::chrono::milliseconds(total);
}

std::string duration_text(std::chrono::milliseconds duration) {
  if (duration.count() < 0) return "-" + duration_text(-duration);
  if (duration.count() == 0) return "0s";
  std::string text;
  std::int64_t rest = duration.count();
  for (const Unit& unit : units) {
    const std::int64_t number = rest / unit.milliseconds;
    rest %= unit.milliseconds;
    if (number > 0) text += fmt::format("{}{}", number, unit.name);
  }
  return text;
}

std::string describe_duration(Duration duration) {
  const std::int64_t us = duration.count();
  if (us <= 0) return "0 s";
  if (us < 9'950) return fmt::format("{:.1f} ms", static_cast<double>(us < 50 ? 50 : us) / 1e3);
  if (us < 999'500) return fmt::format("{} ms", (us + 500) / 1'000);
  if (us < 9'950'000) return fmt::format("{:.1f} s", static_cast<double>(us) / 1e6);
  // Rounding comes before the choice of units, so that 59.9 s is never "60 s".
  const std::int64_t seconds = (us + 500'000) / 1'000'000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  const std::int64_t minutes = (seconds + 30) / 60;
  if (minutes < 24 * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  const std::int64_t hours = (minutes + 30) / 60;
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

}  // namespace backfill
