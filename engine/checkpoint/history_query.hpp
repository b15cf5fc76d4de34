#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "pg/connection.hpp"

/// Reads what runs have left of themselves. Times are as the server prints them, and besides, where
/// they are reckoned with, seconds since 1970; JSON stays text.
namespace backfill {

/// One row of `backfill.runs`.
struct StoredRun {
  std::string job;
  std::int64_t epoch = 0;
  std::string command;
  std::string role;
  std::string os_user;
  std::string host;
  std::int64_t pid = 0;
  std::string started_at;
  std::optional<std::string> ended_at;
  double started_s = 0;
  double seen_s = 0;
  double took_s = 0;  ///< up to its end, or to where it was last seen
  bool live = false;  ///< it holds the job and has shown itself
  std::optional<std::int64_t> exit_code;
  std::string outcome;
  std::int64_t rows_passed = 0;
  std::int64_t rows_changed = 0;
  std::int64_t batches = 0;
  std::int64_t retries = 0;
  std::string time_lost;
};

/// One row of `backfill.samples`.
struct StoredSample {
  std::int64_t epoch = 0;
  double at_s = 0;
  double span_s = 0;
  std::string phase;
  std::int64_t rows_passed = 0;
  std::int64_t rows_changed = 0;
  std::int64_t batches = 0;
  std::int64_t retries = 0;
  std::optional<std::int64_t> batch_rows;
  std::optional<double> batch_ms;
  std::optional<double> batch_ms_max;
  std::optional<double> lag_s;
  double workers = 0;
  std::string limited_by;
  std::string time_lost;
};

/// One row of `backfill.phases`.
struct StoredPhase {
  std::string phase;
  int pass = 1;
  std::string started_at;
  double started_s = 0;
  std::optional<double> took_s;
};

/// One row of `backfill.events`.
struct StoredEvent {
  std::string at;
  double at_s = 0;
  std::string kind;
  std::string reason;
  std::string text;
};

/// The latest `limit` runs of a job, or of all; newest first. None where the control schema is
/// older than they.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<StoredRun>>> read_runs(
    pg::Connection* connection, std::optional<std::string> job, std::int64_t limit);

/// Oldest first.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<StoredSample>>> read_samples(
    pg::Connection* connection, JobId job);
[[nodiscard]] pg::asio::awaitable<Result<std::vector<StoredPhase>>> read_phases(
    pg::Connection* connection, JobId job);

/// The latest `limit` that people care for when it is over, oldest first: commands, errors,
/// retries, settings and who ran it, without what is told at level debug.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<StoredEvent>>> read_notable_events(
    pg::Connection* connection, JobId job, std::int64_t limit);

/// What the job does, line by line, as it was pinned.
[[nodiscard]] pg::asio::awaitable<Result<std::string>> read_meaning(pg::Connection* connection,
                                                                    JobId job);

}  // namespace backfill
