#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "core/sampler.hpp"
#include "pg/connection.hpp"

/// What a run leaves of itself for `backfill history` and `backfill report`. None of it is needed
/// to go on: a run that cannot write it works as well.
namespace backfill {

/// Of the control schema that first kept runs and samples.
inline constexpr int history_version = 8;

/// One row of `backfill.runs`.
struct RunRecord {
  JobId job;
  Epoch epoch;
  std::string command;
  std::string os_user;
  std::string host;
  int pid = 0;
  RunTotals totals;
  std::map<std::string, Duration> time_lost;
  std::optional<int> exit_code;  ///< present: the run has ended
  std::string outcome;
};

/// Writes the row, or writes it again.
[[nodiscard]] pg::asio::awaitable<Result<void>> write_run(pg::Connection* connection,
                                                          RunRecord run);

/// Appends a sample whose span has ended so long `ago`. The number of samples that the job has now.
[[nodiscard]] pg::asio::awaitable<Result<std::int64_t>> write_sample(pg::Connection* connection,
                                                                     JobId job, Epoch epoch,
                                                                     Sample sample, Duration ago);

}  // namespace backfill
