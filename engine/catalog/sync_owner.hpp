#pragma once

#include <string>
#include <vector>

#include "catalog/finding.hpp"
#include "catalog/read_only.hpp"
#include "core/target.hpp"

namespace backfill {

/// What tells whose the second columns of a table are.
struct SyncOwnerFacts {
  std::string job;
  std::string trigger;               ///< the job's own, unquoted
  std::string function;              ///< of it, in schema backfill, unquoted
  std::vector<std::string> columns;  ///< the second columns that are there, unquoted
};

/// Columns of the names that a job would give, which it has not made: another job's, or somebody
/// else's. Refused one each; nothing when the job has made them. Reads only.
[[nodiscard]] asio::awaitable<Result<std::vector<Finding>>> check_sync_owner(
    pg::Connection* connection, Target target, SyncOwnerFacts facts);

}  // namespace backfill
