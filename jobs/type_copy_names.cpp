#include "jobs/type_copy_names.hpp"

#include "jobs/type_copy_carry.hpp"

namespace backfill {

namespace {

/// All objects of the engine have this in their names.
constexpr std::string_view sync_suffix = "__backfill_sync";

std::string of_table(std::string_view prefix, std::string_view job, std::string_view table) {
  std::string name{prefix};
  name += job;
  if (!table.empty()) name.append("_").append(table);
  return suffixed_name(name, sync_suffix);
}

}  // namespace

std::string sync_function(std::string_view job, std::string_view table) {
  return of_table("", job, table);
}

std::string sync_trigger(std::string_view job, std::string_view table) {
  return of_table("~", job, table);
}

}  // namespace backfill
