#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "backfill/exit_code.hpp"
#include "backfill/job.hpp"
#include "backfill/progress.hpp"
#include "backfill/proof_report.hpp"
#include "backfill/result.hpp"
#include "core/job_estimate.hpp"
#include "core/time.hpp"

/// What the command line asks of the engine. Everything here runs on one io_context thread.
namespace backfill::run {

namespace asio = boost::asio;

enum class Level { debug, info, warning, error };

/// Who is told what happens. Called on the I/O thread; must not block for long.
class Observer {
 public:
  virtual ~Observer() = default;
  /// About four times a second while a sweep runs.
  virtual void progress(const Progress& progress) = 0;
  /// `event` is short and stable (phase_started, retry, deadlock, throttled…); operators match it.
  virtual void message(Level level, std::string_view event, std::string_view text) = 0;
};

struct Request {
  Job job;
  /// Shows what a rollback will do, line by line, and asks; absent or false: not wanted.
  std::function<bool(const std::vector<std::string>&)> confirm;
  std::string conninfo;  ///< a URL or keywords; empty: libpq's own variables and files
  bool wait = true;      ///< false: a pause or a closed window ends the run (ExitCode::stopped)
  bool force = false;    ///< a switch may terminate the sessions that keep it from its locks
  bool drop_columns = false;  ///< a rollback also drops the columns that the job has added
};

/// The exit code for a failure before anything was touched: `usage` when the connection string
/// cannot be read, `refused` when the server answered no, `failed` when it could not be asked.
[[nodiscard]] ExitCode untouched_exit_code(const std::string& conninfo, const Error& error);

/// How a command ended: every exit names a reason and the next command to type.
struct Outcome {
  ExitCode code = ExitCode::failed;
  std::string summary;               ///< one sentence
  std::vector<std::string> details;  ///< findings, differing keys, a diff: a line each
  std::string next;                  ///< the next command, or empty when nothing is left to do
};

/// One job from where it stands to the end that the mode wants.
class JobRun {
 public:
  enum class Mode {
    run,
    verify_only,
    switch_names,  ///< type-copy: `run`, with `switch: manual` overruled
    drop,          ///< type-copy: the old column
    rollback,      ///< what the job has put in place, or its copied columns
    retry,         ///< the rows in quarantine
  };

  JobRun(asio::io_context& context, Request request, Mode mode, Observer& observer);
  ~JobRun();

  /// Never throws for what a server or user can do.
  asio::awaitable<Outcome> go();

  /// Lets the batches in flight finish, or with `cancel` cancels them; `go` then ends with
  /// ExitCode::stopped. Safe to call at any time on the I/O thread.
  void stop(bool cancel, std::string reason);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// A setting that `set` has put in the place of the job file's.
struct ChangedSetting {
  std::string key;
  std::string value;
  std::string file_value;  ///< empty: the file has no such section
  std::string by;
  std::string at;
};

/// One job as `status` shows it, read from the control schema.
struct JobStatus {
  std::string name;
  std::string kind;
  std::string table;
  std::string phase;  ///< add, copy, verify, done
  std::string state;  ///< as stored, or abandoned (its runner is gone) or unproven (though done)
  Progress progress;  ///< of the runner's last heartbeat, or as far as the ranges tell
  std::optional<std::string> owner;        ///< "host pid 4711 since …", while a runner lives
  std::optional<Duration> checkpoint_age;  ///< since the last committed batch
  std::optional<std::string> lag;          ///< "standby1 0.1 s"; absent without standbys
  std::optional<std::string> last_error;
  std::int64_t rows_quarantined = 0;
  std::optional<std::string> paused_by;  ///< "alice@host"; present while the job is paused
  std::string paused_at;
  std::vector<ChangedSetting> settings;
  std::vector<ProofReport> proofs;  ///< the latest of each table of a type-copy
  std::string created_at;
  std::string updated_at;
  std::optional<std::string> finished_at;
};

/// All jobs of the database, or the one named. No control schema, or no such job: an empty list.
asio::awaitable<Result<std::vector<JobStatus>>> read_status(asio::any_io_executor executor,
                                                            std::string conninfo,
                                                            std::optional<std::string> name);

/// What an operator asks of a job, from anywhere.
struct ControlRequest {
  enum class Kind { pause, resume, stop, set };
  Kind kind = Kind::pause;
  std::string job;  ///< its name
  std::string conninfo;
  bool cancel = false;  ///< of stop: the batches in flight are cancelled
  std::vector<std::pair<std::string, std::string>> settings;  ///< of set: keys and new values
  std::vector<std::string> reset;                             ///< of set: back to the file's
  bool reset_all = false;
};

/// Says it to the job's runner through the control schema, and waits a moment for its answer.
/// Codes: done; usage for a setting that does not fit (nothing is changed); refused when the job is
/// done already; failed when no such job has run, or its runner does not answer.
asio::awaitable<Outcome> control_job(asio::any_io_executor executor, ControlRequest request);

struct PlanStep {
  std::string phase;
  std::string sql;
  std::string lock;  ///< "ROW EXCLUSIVE, for one batch (about 10 ms)"
  /// What psql can run by itself where `sql` takes parameters or waits; empty: `sql` does. Only
  /// comments: the tool's own bookkeeping, which a script has none of.
  std::string script = {};
  bool together = false;  ///< in one transaction with its neighbours of the same phase
  bool by_hand = false;   ///< not part of a run: the last word is a person's
};

struct PlanReport {
  ExitCode code = ExitCode::done;  ///< refused when a finding says so
  std::string table;
  std::string key;                   ///< "id (index users_pkey)"
  std::string scan;                  ///< the order of visits, and why
  std::optional<std::int64_t> rows;  ///< estimated
  std::optional<std::int64_t> table_bytes;
  std::string proof;  ///< how completeness will be shown
  std::vector<PlanStep> steps;
  std::vector<std::string> session;     ///< statements that a script begins with
  std::vector<std::string> findings;    ///< "refuse: …", "warn: …", with their fix
  std::optional<JobEstimate> estimate;  ///< absent when the job is refused
  std::string next;
};

/// `backfill plan`: preflight, statements and estimates. Writes nothing.
asio::awaitable<Result<PlanReport>> plan_job(asio::any_io_executor executor, Request request);

}  // namespace backfill::run
