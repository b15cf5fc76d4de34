#pragma once

#include <string>

#include "core/wal_history.hpp"

namespace backfill {

/// What the primary has shown of its log: against it others measure how far they are.
struct PrimaryWal {
  WalHistory history;
  std::string system_identifier;  ///< of its cluster; empty: not read yet
};

}  // namespace backfill
