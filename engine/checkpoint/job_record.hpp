#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "checkpoint/batch_statements.hpp"
#include "checkpoint/job_state.hpp"
#include "core/engine.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// One row of `backfill.jobs`.
struct JobRecord {
  JobId id;
  std::string name;
  std::string kind;
  std::string table;        ///< qualified and quoted
  std::string meaning;      ///< pinned when the job was created
  std::string search_path;  ///< pinned when the job was created
  std::vector<std::string> key_columns;
  std::string phase;
  JobState state = JobState::running;
  Epoch epoch;
  std::optional<std::int64_t> rows_estimated;
  std::optional<std::string> finished_at;
  std::optional<std::string> last_error;
  std::optional<std::string> ground;  ///< pinned, too; absent for jobs of older versions
  bool begun = false;                 ///< there are checkpoints of it
};

struct NewJob {
  std::string name;
  std::string kind;
  std::string table;
  std::string meaning;
  std::string ground;  ///< of `ground_of`
  std::vector<std::string> key_columns;
  std::string phase;
  std::optional<std::int64_t> rows_estimated;
};

/// A range as stored, with what only a restart needs.
struct StoredRange {
  KnownRange known;
  std::int64_t rows_changed = 0;
  std::int64_t rows_differing = 0;
  std::int64_t unchangeable = 0;
  std::int64_t batches = 0;
  bool uncounted = false;
  std::string last_xid;                  ///< empty when no batch has committed
  std::optional<KeyValue> last_after;    ///< where the last batch began
  std::optional<KeyValue> last_through;  ///< and ended
};

/// Absent when no job has the name. The control schema must exist.
[[nodiscard]] pg::asio::awaitable<Result<std::optional<JobRecord>>> find_job(
    pg::Connection* connection, std::string name);

/// Creates the job with the session's search_path, or returns the one that has the name already:
/// the caller compares its meaning and its ground. One that has no ground yet is given this one.
[[nodiscard]] pg::asio::awaitable<Result<JobRecord>> find_or_create_job(pg::Connection* connection,
                                                                        NewJob job);

/// Pins a job anew that has no checkpoint yet. `lease_lost` when the epoch is not the job's, or
/// when it has begun after all.
[[nodiscard]] pg::asio::awaitable<Result<void>> pin_again(pg::Connection* connection, JobId id,
                                                          Epoch epoch, NewJob job);

/// The ranges of a sweep, by number.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<StoredRange>>> load_ranges(
    pg::Connection* connection, SweepId sweep);

/// Settles the counts that a crash left open (`uncounted`); the ranges come back with them. Call it
/// with the lease held and before the sweep starts.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<StoredRange>>> count_uncounted(
    pg::Connection* connection, Fence fence, Target target, std::vector<StoredRange> ranges);

/// Enters a phase and notes when its pass began. `lease_lost` when the epoch is not the job's.
[[nodiscard]] pg::asio::awaitable<Result<void>> start_phase(pg::Connection* connection,
                                                            Fence fence);
/// Notes when a pass began and leaves the job as it stands: one that is done stays done while it is
/// proven again. `lease_lost` when the epoch is not the job's.
[[nodiscard]] pg::asio::awaitable<Result<void>> note_phase(pg::Connection* connection, Fence fence);

/// `detail` is JSON.
[[nodiscard]] pg::asio::awaitable<Result<void>> finish_phase(pg::Connection* connection,
                                                             Fence fence, std::string detail);

/// The number of the last pass of a phase that was started; 0 when none was.
[[nodiscard]] pg::asio::awaitable<Result<int>> last_pass(pg::Connection* connection, JobId job,
                                                         std::string phase);

/// Stopped, failed (with the error) or running again. `lease_lost` when the epoch is not the job's.
[[nodiscard]] pg::asio::awaitable<Result<void>> set_job_state(pg::Connection* connection, JobId job,
                                                              Epoch epoch, JobState state,
                                                              std::optional<std::string> error);

/// Marks the job as done and commits that synchronously, which makes every batch that was committed
/// without waiting durable as well: they lie before it in the WAL.
[[nodiscard]] pg::asio::awaitable<Result<void>> finish_job(pg::Connection* connection, JobId job,
                                                           Epoch epoch);

/// Takes back that a job is done, since its proof has failed: it is `failed` in the phase of the
/// fence, with the reason, until a run has mended and proven it.
[[nodiscard]] pg::asio::awaitable<Result<void>> reopen_job(pg::Connection* connection, Fence fence,
                                                           std::string reason);

/// The same for a job that is done but may still be undone: its phase then says so.
[[nodiscard]] pg::asio::awaitable<Result<void>> finish_job_in_phase(pg::Connection* connection,
                                                                    JobId job, Epoch epoch,
                                                                    std::string phase);

/// Says where a job stands that nobody runs.
[[nodiscard]] pg::asio::awaitable<Result<void>> leave_job_in_phase(pg::Connection* connection,
                                                                   JobId job, Epoch epoch,
                                                                   std::string phase);

}  // namespace backfill
