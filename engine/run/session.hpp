#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "checkpoint/job_record.hpp"
#include "checkpoint/lease.hpp"
#include "checkpoint/quarantine.hpp"
#include "core/progress_meter.hpp"
#include "core/sampler.hpp"
#include "core/scan_choice.hpp"
#include "jobs/backfill.hpp"
#include "run/control_link.hpp"
#include "run/ddl.hpp"
#include "run/lease_keeper.hpp"
#include "run/live_control.hpp"
#include "run/monitor.hpp"
#include "run/run.hpp"
#include "run/slot_pool.hpp"
#include "run/sweep.hpp"
#include "run/type_copy_view.hpp"

/// The parts of one run of one job. A stage of it returns an Outcome when the run ends there, and
/// nothing when the next stage may begin.
namespace backfill::run {

using Ending = std::optional<Outcome>;

struct Session {
  Session(asio::any_io_executor runs_on, Request asked, JobRun::Mode runs_as, Observer* observed_by,
          std::uint64_t seeded);

  asio::any_io_executor executor;
  Request request;
  JobRun::Mode mode;
  Observer* observer;
  pg::ConnectOptions options;
  std::uint64_t seed;
  ControlLink control;

  Target target;  ///< of a type-copy with several tables, the one that is being swept
  std::optional<BackfillSql> sql;
  ScanChoice scan;
  std::optional<TypeCopyView> copy;  ///< of a type-copy
  /// pg_current_snapshot() from before the last proof of each of its tables, by quoted name.
  std::map<std::string, std::string> proof_snapshots;
  std::map<std::string, std::string> proof_triggers;  ///< the marks of their triggers, then
  std::string refused_by;  ///< SQLSTATE that the last transaction of a switch has ended with
  std::string locked_ms;   ///< how long the switch has held its strongest locks
  JobRecord record;
  Lease lease;
  std::unique_ptr<LeaseKeeper> keeper;
  std::unique_ptr<Monitor> monitor;
  std::unique_ptr<SlotPool> pool;

  std::unique_ptr<Sweep> sweep;       ///< while one runs
  std::optional<RangeSql> sweep_sql;  ///< of sweeps that are not the job's own: of orphans
  std::unique_ptr<DdlRunner> ddl;     ///< while DDL may run
  std::optional<Error> kept_by;  ///< a lock that kept the server from answering, before the start
  std::string ground;            ///< what the checkpoints stand on, as of now
  std::string phase;
  std::unique_ptr<ProgressMeter> meter;
  RowCount rows_before;    ///< changed by the job before this run's sweep
  RunTotals ended_sweeps;  ///< what the sweeps of this run have come to that have ended
  RowCount keys_at_start;  ///< done when the sweep that runs began
  std::map<std::string, Duration> waits_ended;  ///< what sweeps have waited for that have ended
  std::optional<double> fraction_key;
  bool keeps_columns = false;  ///< the trigger of `preserve` is there
  bool copied_now = false;     ///< this run has copied something
  RowCount unchangeable;       ///< rows that match `where` although nothing would change them
  std::optional<std::string> stop_reason;
  bool stop_cancel = false;
  /// What `JobRun::stop` does, for whoever hears of a wish to stop.
  std::function<void(bool cancel, std::string reason)> request_stop;
  std::unique_ptr<LiveControl> live;
  std::string waiting_for;  ///< between sweeps; empty: it does not wait

  /// A done job is verified once more: it stays done unless rows are found to differ.
  [[nodiscard]] bool proves_again() const {
    return mode == JobRun::Mode::verify_only && record.state == JobState::done;
  }
  /// Rows may be set aside in a sweep of now: one of the job's own, on its way forward.
  [[nodiscard]] bool quarantines() const;
  [[nodiscard]] TransactionSettings settings() const;
  [[nodiscard]] Fence fence(std::string phase, int pass) const;
  [[nodiscard]] Progress progress() const;
  /// Of this run alone.
  [[nodiscard]] RunTotals totals() const;
  /// What this run has lost to throttles and pauses, and its sweeps to what they waited for.
  [[nodiscard]] std::map<std::string, Duration> time_lost() const;
  /// Takes a reading for the rate and the time left; a few times a second while a sweep runs.
  void measure();

  /// Tells the observer, and keeps it for `backfill.events` once the job has a lease.
  void tell(Level level, std::string kind, std::string reason, const std::string& text);

 private:
  [[nodiscard]] bool changes_rows() const;
  [[nodiscard]] std::optional<RowCount> keys_total(const SweepState& state) const;
};

/// Connects, checks the job against the database, pins it and takes its lease.
asio::awaitable<Ending> prepare(Session* session);

/// Makes the connections that batches run on.
void start_pool(Session* session);

/// A type-copy from where it stands to the end that the mode wants.
asio::awaitable<Ending> run_type_copy(Session* session);

/// Adds the columns that are missing.
asio::awaitable<Ending> add_columns(Session* session);

/// Puts the trigger in place that keeps the columns of `preserve`, and takes it away again: after
/// the copy, and at the end of a run however it ends. One that a killed run has left does nothing
/// to anybody else.
asio::awaitable<Ending> keep_columns(Session* session);
asio::awaitable<Result<void>> let_columns_go(Session* session);

/// Refuses statements whose plan would read the table again for each batch.
asio::awaitable<Ending> guard_plans(Session* session);

struct SweepResult {
  Finish finish;
  std::int64_t batches = 0;         ///< committed by this run
  std::vector<StoredRange> ranges;  ///< as they stand on disk, once the phase has ended
};

/// Enters a phase (the observer is told) and leaves it; `detail` is JSON.
asio::awaitable<Result<void>> begin_phase(Session* session, std::string phase, int pass);
asio::awaitable<Result<void>> end_phase(Session* session, int pass, std::string detail);

/// One sweep as a phase, from its start to its end in `backfill.phases`, where `detail` stands
/// then.
asio::awaitable<Result<SweepResult>> run_phase(Session* session, std::string phase, int pass,
                                               Purpose purpose);

/// Runs one sweep of a phase from where its checkpoints stand.
asio::awaitable<Result<SweepResult>> run_sweep(Session* session, std::string phase, int pass,
                                               Purpose purpose);

/// The checkpoints of a sweep; counts that a crash left open are settled first.
asio::awaitable<Result<std::vector<StoredRange>>> read_ranges(Session* session, std::string phase,
                                                              int pass, Purpose purpose);

/// The number of the last pass of a phase that was begun; 0 before the first.
asio::awaitable<Result<int>> passes_of(Session* session, std::string phase);

/// A line for each of the first rows that differ in the ranges of a sweep that counted them.
asio::awaitable<std::vector<std::string>> list_differences(Session* session,
                                                           std::vector<StoredRange> ranges);

/// Copies, as a phase of that name; then proves, and mends what appeared behind the cursor, until
/// the proof holds.
asio::awaitable<Ending> copy_rows(Session* session, std::string phase);
asio::awaitable<Ending> prove(Session* session);

/// The rows of the job that are in quarantine.
asio::awaitable<Result<std::vector<QuarantinedRow>>> quarantine_of(Session* session);

/// How the run ends when there are any: they are not proven.
asio::awaitable<Ending> look_into_quarantine(Session* session);

/// Takes the rows in quarantine again, one by one, and no others.
asio::awaitable<Outcome> retry_quarantined(Session* session);

/// Puts in place, online, what `enforce` asks for: once the rows are proven.
asio::awaitable<Ending> enforce(Session* session);

/// Takes back what this job has put in place, and its columns where that is asked for.
asio::awaitable<Outcome> take_back(Session* session);

/// Makes the runner of DDL that `session->ddl` is; a stop of the run stops it.
void open_ddl(Session* session);
void close_ddl(Session* session);

/// How a sweep that did not complete ends the run; nothing when it completed.
[[nodiscard]] Ending ending_of(const Session& session, const Finish& finish);
/// How an error between sweeps ends the run: another runner has the job, or it was asked to stop
/// and what ran was cancelled, or it failed.
[[nodiscard]] Outcome ending_of_error(const Session& session, const Error& error);
/// Whether the run was asked to end, or has lost the job, before it begins with something new.
[[nodiscard]] Ending stop_asked(const Session& session);
[[nodiscard]] Outcome failed_outcome(const Session& session, const Error& error);
[[nodiscard]] Outcome stopped_outcome(const Session& session, const std::string& reason);
[[nodiscard]] std::string run_command(const Session& session);

}  // namespace backfill::run
