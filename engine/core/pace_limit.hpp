#pragma once

#include "backfill/job.hpp"
#include "core/job_estimate.hpp"

namespace backfill {

/// However fast the server is, a job takes as long as its own `pace.rows_per_second` makes it.
void limit_time(const PaceSettings& pace, JobEstimate* estimate);

}  // namespace backfill
