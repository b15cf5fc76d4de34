#pragma once

#include <optional>
#include <string_view>

#include "backfill/job.hpp"
#include "config/problem.hpp"

namespace backfill {

/// Changes one setting of a running job, such as `pace.connections` to `2` or
/// `throttle.replica_lag.stop` to `10s`: the values of the job file's own keys, under `pace` and
/// `throttle` alone. Lists are written with commas. An unknown key, an empty value or one that does
/// not fit is refused, with a problem that has no file, and changes nothing.
[[nodiscard]] std::optional<Problem> apply_setting(Job& job, std::string_view key,
                                                   std::string_view value);

}  // namespace backfill
