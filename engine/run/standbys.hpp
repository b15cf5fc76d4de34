#pragma once

#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "pg/connection.hpp"

namespace backfill::run {

/// A standby that is asked itself.
struct AskedStandby {
  std::string label;  ///< "host:port", numbered when there are several; holds no password
  pg::ConnectOptions options;
};

/// Those of `throttle.replica_lag.standbys`. An error when one of the connection strings makes no
/// sense.
[[nodiscard]] Result<std::vector<AskedStandby>> standbys_of(const Job& job);

}  // namespace backfill::run
