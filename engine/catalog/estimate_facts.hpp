#pragma once

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "core/job_estimate.hpp"
#include "core/scan_choice.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// What an estimate starts from: sizes from the catalog, the share of rows that `where` finds from
/// the planner, or all of them while the column that it looks at is not there yet. `job` is a
/// backfill, `scan` how it visits the table. Writes nothing.
[[nodiscard]] pg::asio::awaitable<Result<EstimateFacts>> estimate_facts(pg::Connection* connection,
                                                                        Job job, Target target,
                                                                        ScanChoice scan,
                                                                        ScanFacts scan_basis);

}  // namespace backfill
