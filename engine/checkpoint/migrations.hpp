#pragma once

#include <string_view>
#include <vector>

namespace backfill {

struct Migration {
  int version = 0;
  std::vector<std::string_view> scripts;
};

/// In order; the last one's version is the schema's. A migration that has been released is never
/// edited: a change is a new one.
[[nodiscard]] const std::vector<Migration>& control_schema_migrations();
[[nodiscard]] int control_schema_version();

}  // namespace backfill
