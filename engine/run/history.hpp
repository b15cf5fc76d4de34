#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "backfill/result.hpp"
#include "checkpoint/history_query.hpp"
#include "run/run.hpp"

/// What is over: read from the control schema, writing nothing.
namespace backfill::run {

/// Seconds by reason, as `time_lost` of a run or a sample has them; what cannot be read is left
/// out.
[[nodiscard]] std::map<std::string, double> parse_time_lost(const std::string& json);

/// What a run has come to, in a word: done, stopped, failed…; running; or killed, which it shows by
/// having said nothing more.
[[nodiscard]] std::string ending_word(const StoredRun& run);

/// The latest runs of the job named, or of all jobs, newest first.
asio::awaitable<Result<std::vector<StoredRun>>> read_history(asio::any_io_executor executor,
                                                             std::string conninfo,
                                                             std::optional<std::string> job,
                                                             std::int64_t limit);

/// Everything that a report tells about one job.
struct JobReport {
  JobStatus status;
  std::string meaning;
  std::string server;  ///< "PostgreSQL 15.7, database app"
  std::string made_at;
  std::vector<StoredRun> runs;  ///< oldest first
  std::vector<StoredSample> samples;
  std::vector<StoredPhase> phases;
  std::vector<StoredEvent> events;
};

/// Absent when no such job has run.
asio::awaitable<Result<std::optional<JobReport>>> read_report(asio::any_io_executor executor,
                                                              std::string conninfo,
                                                              std::string job);

}  // namespace backfill::run
