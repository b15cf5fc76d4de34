#pragma once

#include <string>

#include "backfill/qualified_name.hpp"

namespace backfill {

/// One column of a foreign key, and the column that it points at.
struct Reference {
  std::string constraint;    ///< the foreign key
  QualifiedName table;       ///< of the column that points; the schema always present
  std::string column;        ///< unquoted
  QualifiedName references;  ///< the table pointed at
  std::string referenced;
  friend bool operator==(const Reference&, const Reference&) = default;
};

}  // namespace backfill
