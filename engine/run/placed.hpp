#pragma once

#include <vector>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "catalog/finding.hpp"

/// What the server objects to, with its place in the job file in front.
namespace backfill::run {

void place_findings(const Job& job, std::vector<Finding>* findings);

/// Of an error of `describe_table`: its table, or its key.
[[nodiscard]] Error placed_at_table(const Job& job, Error error);

}  // namespace backfill::run
