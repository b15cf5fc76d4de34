#include "cli/figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace backfill::cli {

namespace {

/// At most one decimal, and none that is zero: 1.5 -> "1.5", 2.0 -> "2".
std::string trimmed(double number) {
  std::string text = fmt::format("{:.1f}", number);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string span(double low, double high, std::string_view unit) {
  const std::string from = trimmed(low);
  const std::string to = trimmed(high);
  if (from == to) return fmt::format("{} {}", to, unit);
  return fmt::format("{}–{} {}", from, to, unit);
}

double tenths_down(double number) {
  return std::floor(number * 10) / 10;
}
double tenths_up(double number) {
  return std::ceil(number * 10) / 10;
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string grouped(RowCount rows) {
  return grouped(rows.value);
}

std::string short_number(double number) {
  if (!std::isfinite(number) || number < 0) number = 0;
  static constexpr std::array<std::string_view, 5> prefixes{"", "k", "M", "G", "T"};
  std::size_t prefix = 0;
  // 999.5 would print as "1000": the next prefix takes over where rounding does.
  while (number >= 999.5 && prefix + 1 < prefixes.size()) {
    number /= 1000;
    ++prefix;
  }
  if (number >= 99.95) return fmt::format("{:.0f}{}", number, prefixes[prefix]);
  if (prefix == 0) return trimmed(number);
  if (number >= 9.995) return fmt::format("{:.1f}{}", number, prefixes[prefix]);
  return fmt::format("{:.2f}{}", number, prefixes[prefix]);
}

std::string percent(double fraction) {
  if (!(fraction > 0)) fraction = 0;  // NaN too
  // 0.421 * 1000 may come out as 420.999…: a share far below one row forgives the binary fraction.
  const double tenths = std::min(1000.0, std::floor(std::min(fraction, 1.0) * 1000 + 1e-9));
  return fmt::format("{:.1f} %", tenths / 10);
}

std::string eta_for_people(const EtaRange& eta) {
  const double low = static_cast<double>(std::max(eta.low.count(), std::int64_t{0}));
  const double high = std::max(low, static_cast<double>(eta.high.count()));
  if (high < 90) return span(low, high, "s");
  if (high < 90 * 60) return span(std::floor(low / 60), std::ceil(high / 60), "min");
  if (high < 48 * 3600) return span(tenths_down(low / 3600), tenths_up(high / 3600), "h");
  return span(tenths_down(low / 86'400), tenths_up(high / 86'400), "d");
}

std::string bytes_for_people(std::int64_t bytes) {
  static constexpr std::array<std::string_view, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double number = static_cast<double>(std::max(bytes, std::int64_t{0}));
  std::size_t unit = 0;
  while (number >= 1023.5 && unit + 1 < units.size()) {
    number /= 1024;
    ++unit;
  }
  if (number >= 9.95 || unit == 0) return fmt::format("{:.0f} {}", number, units[unit]);
  return fmt::format("{:.1f} {}", number, units[unit]);
}

}  // namespace backfill::cli
