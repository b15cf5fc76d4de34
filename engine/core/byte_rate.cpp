#include "core/byte_rate.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace backfill {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t bytes;
};

constexpr std::array<Unit, 3> units{
    {{"GB", 1'073'741'824}, {"MB", 1'048'576}, {"kB", 1'024}}};  // largest first

/// How a kind of amount is written, and how much of it there may be.
struct Form {
  std::string_view suffix;  ///< after the unit
  std::int64_t most = 0;
  std::string_view wanted;
  std::string_view too_much;
};

constexpr Form rate{"/s", 1'024 * units[0].bytes,
                    "a rate is wanted, such as 50MB/s; the units are kB, MB and GB",
                    "a rate is at most 1024GB/s"};
constexpr Form size{"", 1'048'576 * units[0].bytes,
                    "a size is wanted, such as 20GB; the units are kB, MB and GB",
                    "a size is at most 1048576GB"};

Parsed<ByteCount> parse(std::string_view text, const Form& form) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || number < 1) return TextProblem{0, std::string(form.wanted)};
  const auto at = static_cast<std::size_t>(end - text.data());
  const std::string_view unit = text.substr(at);
  for (const Unit& known : units) {
    if (unit.size() != known.name.size() + form.suffix.size() || !unit.starts_with(known.name) ||
        !unit.ends_with(form.suffix)) {
      continue;
    }
    if (number > form.most / known.bytes) return TextProblem{0, std::string(form.too_much)};
    return ByteCount{number * known.bytes};
  }
  return TextProblem{at, std::string(form.wanted)};
}

std::string text_of(ByteCount amount, const Form& form) {
  for (const Unit& unit : units) {
    if (amount.value % unit.bytes == 0 && amount.value > 0) {
      return fmt::format("{}{}{}", amount.value / unit.bytes, unit.name, form.suffix);
    }
  }
  return fmt::format("{}kB{}", amount.value / units.back().bytes, form.suffix);
}

}  // namespace

Parsed<ByteCount> parse_byte_rate(std::string_view text) {
  return parse(text, rate);
}

std::string byte_rate_text(ByteCount per_second) {
  return text_of(per_second, rate);
}

Parsed<ByteCount> parse_byte_size(std::string_view text) {
  return parse(text, size);
}

std::string byte_size_text(ByteCount bytes) {
  return text_of(bytes, size);
}

}  // namespace backfill
