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
constexpr std::int64_t rate_max = 1'024 * units[0].bytes;
constexpr std::string_view wanted = "a rate is wanted, such as 50MB/s; the units are kB, MB and GB";

}  // namespace

Parsed<ByteCount> parse_byte_rate(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || number < 1) return TextProblem{0, std::string(wanted)};
  const auto at = static_cast<std::size_t>(end - text.data());
  const std::string_view unit = text.substr(at);
  for (const Unit& known : units) {
    if (unit.size() != known.name.size() + 2 || !unit.starts_with(known.name) ||
        !unit.ends_with("/s")) {
      continue;
    }
    if (number > rate_max / known.bytes) return TextProblem{0, "a rate is at most 1024GB/s"};
    return ByteCount{number * known.bytes};
  }
  return TextProblem{at, std::string(wanted)};
}

std::string byte_rate_text(ByteCount per_second) {
  for (const Unit& unit : units) {
    if (per_second.value % unit.bytes == 0 && per_second.value > 0) {
      return fmt::format("{}{}/s", per_second.value / unit.bytes, unit.name);
    }
  }
  return fmt::format("{}kB/s", per_second.value / units.back().bytes);
}

}  // namespace backfill
