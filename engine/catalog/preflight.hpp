#pragma once

#include <vector>

#include "backfill/job.hpp"
#include "catalog/finding.hpp"
#include "catalog/read_only.hpp"
#include "core/target.hpp"

namespace backfill {

struct PreflightSettings {
  InspectionSettings inspection;
  /// From this age on an open transaction is worth a warning: VACUUM cannot remove what the
  /// batches replace while it lasts.
  Duration old_transaction = std::chrono::minutes{5};
};

/// Everything that could stop the job, or surprise its owner, found before anything is touched:
/// every check runs and all findings come together, in the order of the checks (preflight/*.cpp).
/// One READ ONLY transaction holds them all, so that the server vouches for it that nothing is
/// written; a check whose own statement fails becomes a finding and does not stop the others.
/// `target` is what describe_table said. An Error means that the connection is gone, or that no
/// transaction could be begun.
[[nodiscard]] asio::awaitable<Result<std::vector<Finding>>> preflight(pg::Connection* connection,
                                                                      Job job, Target target,
                                                                      PreflightSettings settings);

/// The same under the default settings: an overload and no default argument, which g++ 12 would
/// miscompile within a co_await expression.
[[nodiscard]] asio::awaitable<Result<std::vector<Finding>>> preflight(pg::Connection* connection,
                                                                      Job job, Target target);

}  // namespace backfill
