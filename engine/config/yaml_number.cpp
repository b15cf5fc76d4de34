#include "config/yaml_number.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace backfill::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, without its sign.
bool is_decimal(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - start;
  };
  const std::size_t before = digits();
  std::size_t after = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    after = digits();
  }
  if (before + after == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<std::int64_t> integer(std::string_view digits, int base, bool negative) {
  if (digits.empty() || digits.front() == '-' || digits.front() == '+') return std::nullopt;
  std::int64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number, base);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) number = std::numeric_limits<std::int64_t>::max();
  return negative ? -number : number;
}

}  // namespace

std::optional<std::int64_t> whole_number(const Node& node) {
  if (node.shape != Node::Shape::scalar || node.left_out || !node.plain()) return std::nullopt;
  std::string_view text = node.value;
  if (text.starts_with("0x")) return integer(text.substr(2), 16, false);
  if (text.starts_with("0o")) return integer(text.substr(2), 8, false);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return integer(text, 10, negative);
}

std::optional<double> decimal_number(const Node& node) {
  if (const auto whole = whole_number(node)) return static_cast<double>(*whole);
  if (node.shape != Node::Shape::scalar || node.left_out || !node.plain()) return std::nullopt;
  std::string_view text = node.value;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!is_decimal(text)) return std::nullopt;
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  return negative ? -number : number;
}

}  // namespace backfill::config
