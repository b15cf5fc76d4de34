#pragma once

#include <vector>

#include "backfill/proof_report.hpp"
#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "checkpoint/job_record.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// The first version of the control schema that keeps proofs.
inline constexpr int proofs_version = 6;

/// The latest proof of each table of a job, with its ranges; none of jobs of other kinds.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<ProofReport>>> read_proofs(
    pg::Connection* connection, JobId job);

}  // namespace backfill
