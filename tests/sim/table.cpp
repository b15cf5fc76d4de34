#include "sim/table.hpp"

#include <algorithm>
#include <limits>

#include "sim/violation.hpp"

namespace backfill::sim {
namespace {

std::string digits(std::int64_t number, std::size_t width) {
  std::string text(width, '0');
  for (std::size_t i = width; i > 0 && number > 0; --i, number /= 10) {
    text[i - 1] = static_cast<char>('0' + number % 10);
  }
  return text;
}

enum class Shape { empty, one, dense, sparse, clustered };

Shape draw_shape(Dice& dice) {
  const std::int64_t face = dice.between(0, 19);
  if (face == 0) return Shape::empty;
  if (face == 1) return Shape::one;
  if (face < 8) return Shape::dense;
  return face < 14 ? Shape::sparse : Shape::clustered;
}

}  // namespace

KeyValue KeyText::text(std::int64_t key) const {
  KeyValue value;
  if (composite_) {
    value.push_back(digits(key / 1000, 3));
    value.push_back(digits(key % 1000, 3));
  } else {
    value.push_back(digits(key, 6));
  }
  return value;
}

std::int64_t KeyText::number(const KeyValue& key) {
  std::int64_t number = 0;
  for (const std::string& column : key) {
    for (const char digit : column) number = number * 10 + (digit - '0');
  }
  return number;
}

Table::Table(Dice& dice, KeyText keys) : keys_(keys) {
  const Shape shape = draw_shape(dice);
  auto count = static_cast<std::int64_t>(dice.log_uniform(2, 600));
  if (shape == Shape::empty) count = 0;
  if (shape == Shape::one) count = 1;
  std::int64_t key = dice.between(1, 1000);
  for (std::int64_t i = 0; i < count; ++i) {
    Row row;
    row.original = true;
    row.differs = dice.chance(0.3);
    rows_.emplace(key, row);
    if (shape == Shape::sparse)
      key += dice.between(1, 700);
    else if (shape == Shape::clustered && dice.chance(0.05))
      key += dice.between(2000, 8000);
    else
      key += shape == Shape::dense ? 1 : dice.between(1, 3);
  }
}

bool Table::holds(const KeyRange& range, std::int64_t key) {
  return (!range.after || key > KeyText::number(*range.after)) &&
         (!range.through || key <= KeyText::number(*range.through));
}

bool Table::in_stripe(const Stripe& stripe, std::int64_t key) {
  const auto hash = static_cast<std::uint64_t>(key) * 0x9E3779B97F4A7C15U;
  return static_cast<int>(hash >> 40U) % stripe.of == stripe.no;
}

std::vector<std::int64_t> Table::keys_in(const KeyRange& within, std::size_t limit) const {
  const std::int64_t through =
      within.through ? KeyText::number(*within.through) : std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> keys;
  auto row = within.after ? rows_.upper_bound(KeyText::number(*within.after)) : rows_.begin();
  for (; row != rows_.end() && row->first <= through && keys.size() < limit; ++row) {
    keys.push_back(row->first);
  }
  return keys;
}

ProbeResult Table::probe(const Probe& probe) const {
  const auto limit = static_cast<std::size_t>(probe.limit.value);
  const auto every = static_cast<std::size_t>(probe.every.value);
  const std::vector<std::int64_t> found = keys_in(probe.within, limit);
  ProbeResult result;
  result.exhausted = found.size() < limit;
  for (std::size_t i = every; i <= found.size(); i += every) {
    result.ticks.push_back({keys_.text(found[i - 1]), probe.every});
  }
  const std::size_t rest = found.size() % every;
  if (result.exhausted && rest != 0) {
    result.ticks.push_back({keys_.text(found.back()), RowCount(static_cast<std::int64_t>(rest))});
  }
  return result;
}

Table::Written Table::write(Dice& dice, Instant now) {
  Written written;
  if (dice.chance(0.4) || rows_.empty()) {
    // New keys come behind the cursor, ahead of it, between two rows and beyond the last.
    const std::int64_t last = rows_.empty() ? 1000 : rows_.rbegin()->first;
    const std::int64_t key = dice.between(1, std::min(greatest_key, last + 50));
    if (rows_.try_emplace(key).second) written.key = key;
    return written;
  }
  auto row = rows_.lower_bound(dice.between(1, rows_.rbegin()->first));
  if (row->second.batch != 0) {
    written.waits_for = row->second.batch;
  } else if (dice.chance(0.5)) {
    written.key = row->first;
    written.before = row->second;
    rows_.erase(row);
  } else {
    row->second.locked_until = now + dice.log_duration(Duration(500), Duration(800'000));
  }
  return written;
}

std::vector<std::int64_t> Table::poison(Dice& dice, std::int64_t rows) {
  std::vector<std::int64_t> keys;
  if (rows_.empty()) return keys;
  auto row = rows_.lower_bound(dice.between(1, rows_.rbegin()->first));
  for (; rows > 0 && row != rows_.end(); --rows, ++row) {
    row->second.poison = true;
    keys.push_back(row->first);
  }
  return keys;
}

void Table::heal() {
  for (auto& [key, row] : rows_) row.poison = false;
}

}  // namespace backfill::sim
