#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backfill/result.hpp"
#include "checkpoint/job_record.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// One row of the view `backfill.status`. Times are as the server prints them.
struct JobStatus {
  JobId id;
  std::string name;
  std::string kind;
  std::string table;
  std::string phase;
  std::optional<int> pass;  ///< of the phase; absent before its first range
  JobState state = JobState::running;
  Epoch epoch;
  std::optional<std::int64_t> rows_estimated;
  std::int64_t keys = 0;       ///< of this pass, as cut so far; of the copy when the job is done
  std::int64_t keys_done = 0;  ///< of this pass, behind a committed checkpoint
  std::int64_t ranges = 0;
  std::int64_t ranges_closed = 0;
  std::int64_t batches = 0;       ///< of the whole job
  std::int64_t rows_changed = 0;  ///< by the whole job
  std::int64_t rows_differing = 0;
  std::int64_t unchangeable = 0;
  std::int64_t rows_quarantined = 0;
  std::optional<double> checkpoint_age_s;
  /// A runner holds the job, has shown itself within its ttl, and its session has not ended.
  bool held = false;
  std::string host;
  std::optional<std::int64_t> pid;
  std::optional<std::string> acquired_at;
  std::optional<double> heartbeat_age_s;
  std::string progress;  ///< JSON, as the runner last said it
  std::string created_at;
  std::string created_by;
  std::optional<std::string> phase_started_at;
  std::optional<std::string> finished_at;
  std::optional<std::string> last_error;
  /// Why a job that counts as done is not proven, when it is not.
  std::optional<std::string> lack_of_proof;
  std::string updated_at;  ///< when a phase began, a checkpoint was written or the job ended, last
};

/// One job by name, or all by name; empty when there is none, or no control schema.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<JobStatus>>> read_status(
    pg::Connection* connection, std::optional<std::string> name);

}  // namespace backfill
