#include "pg/prepared_statements.hpp"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace backfill::pg {

std::string PreparedStatements::name_of(std::string_view sql) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : sql) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return fmt::format("backfill_{:016x}", hash);
}

std::optional<PreparedStatements::Use> PreparedStatements::use(std::string_view sql) {
  if (!trusted_) return std::nullopt;
  const auto known = entries_.find(sql);
  if (known != entries_.end()) return Use{known->second.name, false};
  std::string name = name_of(sql);
  // Another text with the same hash keeps the name.
  if (entries_.size() >= count_max || names_.contains(name)) return std::nullopt;
  names_.insert(name);
  entries_.emplace(std::string{sql}, Entry{name, false, true});
  return Use{std::move(name), true};
}

void PreparedStatements::confirm(std::string_view sql) {
  const auto known = entries_.find(sql);
  if (known != entries_.end()) known->second.confirmed = true;
}

bool PreparedStatements::is_ready(std::string_view sql) const {
  const auto known = entries_.find(sql);
  return known != entries_.end() && known->second.confirmed && !known->second.of_this_flight;
}

void PreparedStatements::end_flight() {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->second.confirmed) {
      entry->second.of_this_flight = false;
      ++entry;
    } else {
      names_.erase(entry->second.name);
      entry = entries_.erase(entry);
    }
  }
}

void PreparedStatements::replace(std::string_view sql) {
  const auto known = entries_.find(sql);
  if (known == entries_.end()) return;
  deallocations_.push_back(known->second.name);
  names_.erase(known->second.name);
  entries_.erase(known);
}

std::vector<std::string> PreparedStatements::take_deallocations() {
  return std::exchange(deallocations_, {});
}

void PreparedStatements::distrust() {
  trusted_ = false;
  entries_.clear();
  names_.clear();
  deallocations_.clear();
}

}  // namespace backfill::pg
