#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/job_estimate.hpp"
#include "run/run.hpp"

/// `backfill rehearse`: real batches of a job, in transactions that are rolled back.
namespace backfill::run {

struct RehearseRequest {
  Job job;
  std::string conninfo;  ///< a URL or keywords; empty: libpq's own variables and files
  Duration budget = std::chrono::seconds{10};
  bool mask = false;  ///< values are shown by their shape alone
  /// Each batch adds the columns that are missing, within its transaction.
  bool add_columns = false;
};

/// What one row held before, and what the batch made of it.
struct SampleValue {
  std::string column;
  std::optional<std::string> before;  ///< absent: NULL
  std::optional<std::string> after;
};

struct SampleRow {
  std::string key;  ///< "key 17"
  std::vector<SampleValue> values;
};

/// A row that would stop the job.
struct FailingRow {
  std::string key;
  std::string sqlstate;
  std::string message;
};

struct LockFigures {
  int timeouts = 0;            ///< batches that gave up after lock_timeout
  double waited_seconds = 0;   ///< of ours, for others, as seen by looks every few milliseconds
  double held_up_seconds = 0;  ///< of others, for us
  std::vector<std::string> holders;  ///< who kept us waiting
};

struct Rehearsal {
  ExitCode code = ExitCode::done;
  std::vector<std::string> findings;  ///< of the preflight
  std::string table;
  /// False: the expressions were computed and nothing was changed; `unwritten` says why.
  bool wrote = false;
  std::string unwritten;

  int positions = 0;  ///< of the key, spread over the table, at which batches began
  int batches = 0;    ///< that came to their end
  std::int64_t keys = 0;
  std::int64_t rows = 0;  ///< changed, or computed
  double seconds = 0;     ///< of the batches' statements
  double batch_ms = 0;    ///< of a batch, about
  std::optional<double> rows_per_second;
  std::optional<double> keys_per_second;
  std::optional<double> wal_per_row;       ///< of the statements alone
  std::optional<double> wal_images;        ///< full images of pages, of a row
  std::optional<std::int64_t> wal_server;  ///< of the whole server meanwhile
  std::optional<std::int64_t> wal_ours;
  std::optional<double> hot_share;  ///< 0 to 1
  double trigger_seconds = 0;
  std::vector<std::string> triggers;  ///< those that fired, with their time
  LockFigures locks;
  bool deadline_passed = false;       ///< the time was up before all positions were seen
  std::vector<std::string> troubles;  ///< of batches that failed for another reason than a row

  std::vector<SampleRow> samples;
  std::vector<FailingRow> failing;
  bool more_failing = false;  ///< the search ended before all were found

  std::int64_t dead_rows = 0;       ///< left behind
  std::int64_t dead_bytes = 0;      ///< about
  std::vector<std::string> notes;   ///< what was not measured, and what a rollback does not undo
  std::vector<Rehearsal> followed;  ///< of a type-copy: the tables that change along, one each
  std::optional<JobEstimate> estimate;  ///< of the whole job: with the tables that follow
  std::string next;
};

/// Nothing is written that stays, but the dead versions of the rows.
asio::awaitable<Result<Rehearsal>> rehearse_job(asio::any_io_executor executor,
                                                RehearseRequest request);

/// "Bob 17" -> "Xxx 99": what kind of text it is, and how long.
[[nodiscard]] std::string masked(std::string_view text);

/// The text with what stands between double quotes masked: what the server quotes are values.
[[nodiscard]] std::string masked_message(std::string_view message);

}  // namespace backfill::run
