#pragma once

#include <string>

#include "backfill/result.hpp"
#include "core/enforce_step.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// What the catalog says now of a step whose constraint or index has this name, and whose first
/// column is `column` (both may be empty).
[[nodiscard]] pg::asio::awaitable<Result<EnforceState>> read_enforce_state(
    pg::Connection* connection, Target target, std::string name, std::string column);

}  // namespace backfill
