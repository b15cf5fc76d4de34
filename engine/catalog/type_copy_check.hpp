#pragma once

#include <vector>

#include "backfill/job.hpp"
#include "catalog/finding.hpp"
#include "catalog/read_only.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// What the preflight of a type-copy looks at beside that of the backfill that it contains, before
/// its columns are added: the columns are there and change their type, and the expressions of both
/// directions stand where the trigger will compute them, over the columns of the table alone.
/// `trigger` is the name of the job's own trigger: one that fires behind it is worth a warning.
[[nodiscard]] asio::awaitable<Result<std::vector<Finding>>> check_type_copy(
    pg::Connection* connection, Job job, Target target, std::string trigger,
    InspectionSettings settings);

}  // namespace backfill
