#include "core/scan_choice.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "core/work.hpp"

namespace backfill {
namespace {

/// Four stripes took the heap of a full backfill from 2.27 to 1.54 times its size, eight to 1.43
/// for twice the visits: the second half is hardly worth them.
constexpr int stripes_default = 4;
/// A table of a few megabytes is done in a second either way.
constexpr std::int64_t rows_min = 50'000;
/// A visit should find at least two rows to change on a page, or it reads the page for nothing.
constexpr std::int64_t rows_per_page_per_stripe = 2;

ScanChoice keyset(std::string why) {
  return {1, "keyset, in ranges of the key that several connections share; " + std::move(why)};
}

ScanChoice striped(int stripes, std::string why) {
  return {stripes, fmt::format("striped keyset: each range of the key is visited {} times, each "
                               "time for another part of its rows; {}",
                               stripes, why)};
}

}  // namespace

ScanChoice choose_scan(const ScanFacts& facts) {
  if (facts.asked == 1) return keyset("pace.stripes is 1");
  if (!facts.key_hashable) return keyset("stripes need a hash function for the key's type");
  if (facts.asked) return striped(*facts.asked, fmt::format("pace.stripes is {}", *facts.asked));
  if (facts.index_of_set) {
    return keyset(fmt::format("stripes would not help, as index {} holds a column that is set",
                              *facts.index_of_set));
  }
  if (!facts.rows) return keyset("the table was never analysed");
  if (facts.rows->value < rows_min) return keyset("the table is small");
  if (facts.connections < 2 && facts.indexes < 2) {
    return keyset("with one connection and no other index stripes gain nothing");
  }
  const std::int64_t rows_per_page = facts.rows->value / std::max<std::int64_t>(facts.pages, 1);
  const auto fitting = static_cast<std::uint64_t>(rows_per_page / rows_per_page_per_stripe);
  const int stripes = std::min(stripes_default, static_cast<int>(std::bit_floor(fitting)));
  if (stripes < 2) return keyset(fmt::format("a page holds {} rows", rows_per_page));
  return striped(stripes, "so that new versions find room where the old ones were");
}

}  // namespace backfill
