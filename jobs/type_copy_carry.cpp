#include "jobs/type_copy_carry.hpp"

#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "jobs/type_copy_carry/carry.hpp"

namespace backfill {

namespace {

/// FNV-1a (Fowler, Noll and Vo): the same on every machine, since names outlive a run.
std::uint32_t name_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char byte : text) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
  }
  return hash;
}

/// The longest beginning of at most `bytes` bytes that cuts no character of UTF-8 in two.
std::string_view beginning(std::string_view text, std::size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

std::string suffixed_name(std::string_view name, std::string_view suffix) {
  if (name.size() + suffix.size() <= identifier_bytes_max) {
    return std::string(name).append(suffix);
  }
  const std::string hash = fmt::format("_{:08x}", name_hash(name));
  const std::size_t room = identifier_bytes_max - suffix.size() - hash.size();
  return fmt::format("{}{}{}", beginning(name, room), hash, suffix);
}

CarriedColumn reversed(const CarriedColumn& column, std::string type, std::string with) {
  CarriedColumn back = column;
  back.type = std::move(type);
  back.with = std::move(with);
  std::swap(back.incoming, back.parked);
  return back;
}

CarryPlan plan_carry(const std::vector<CarriedColumn>& columns, const Dependants& dependants,
                     CarryDirection direction) {
  Carry carry(columns, dependants, direction);
  carry.refuse();
  carry.prepare_columns();
  carry.build_indexes();
  carry.build_not_null();
  carry.build_checks();
  carry.build_foreign_keys();
  carry.build_statistics();
  carry.analyze();
  carry.clear_leftovers();

  carry.lock_views();
  carry.list_locks();
  carry.check_unchanged();
  carry.drop_views();
  carry.follow_settings();
  carry.drop_triggers();
  carry.drop_foreign_keys();
  carry.drop_keys();
  carry.drop_checks();
  carry.drop_statistics();

  carry.take_not_null();
  carry.take_indexes();
  carry.take_keys();
  carry.take_constraints();
  carry.take_defaults();
  carry.take_sequences();
  carry.take_statistics();
  carry.take_comments();
  carry.take_marks();
  carry.recreate();
  carry.create_views();
  carry.write_memory();

  carry.try_columns();
  carry.try_indexes();
  carry.try_constraints();
  carry.try_recreated();
  carry.try_views();
  return carry.finish();
}

}  // namespace backfill
