#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"

namespace backfill::config {

/// Two values that are right by themselves and wrong together.
struct Conflict {
  std::vector<std::string> paths;  ///< the keys involved; the first that the file has is blamed
  std::string message;
};

/// Everything that no single field can see. `set.<column>` is a path too, by the unquoted name.
[[nodiscard]] std::vector<Conflict> conflicts_of(const Job& job);

}  // namespace backfill::config
