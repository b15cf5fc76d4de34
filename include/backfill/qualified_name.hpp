#pragma once

#include <optional>
#include <string>

namespace backfill {

/// A relation as SQL names it; parts are unquoted.
struct QualifiedName {
  std::optional<std::string> schema;
  std::string name;

  friend bool operator==(const QualifiedName&, const QualifiedName&) = default;
};

}  // namespace backfill
