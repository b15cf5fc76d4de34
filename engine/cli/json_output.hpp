#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/log.hpp"
#include "run/history.hpp"
#include "run/run.hpp"

/// Everything that programs read. Keys are stable: new ones may be added, none changes its meaning.
/// What is not known (yet) is null. Durations are seconds, sizes bytes, fractions 0..1.
///
/// progress: phase, rows_done, rows_total, fraction_rows, fraction_key, rows_changed,
///   rows_per_second, eta_seconds {low, high}, batch_rows, batch_ms, workers_busy, workers_limit,
///   limited_by, batches, retries
/// status: job, kind, table, phase, state (running, stopped, failed, done, unproven, abandoned),
///   progress, owner, lag, checkpoint_age_seconds, last_error, paused {by, since}, settings [{key,
///   value, file_value, by, at}] (those that `set` has changed), created_at, updated_at,
///   finished_at
/// history: job, command, role, os_user, host, pid, started_at, ended_at, seconds, ending (running,
///   done, stopped, failed, differences, refused, taken over, killed), exit_code, outcome,
///   rows_passed, rows_changed, batches, retries, time_lost {seconds by reason}
/// plan: job, exit_code, table, key, scan, proof, rows, table_bytes, steps [{phase, lock, sql,
///   script}] (`script` is what psql can run by itself), findings, estimate {rows {value, basis},
///   seconds, wal_bytes, heap_growth_bytes, index_growth_bytes, peak_disk_bytes, replication_bytes:
///   each {low, high, basis}}, next
namespace backfill::cli {

/// An array of jobs, indented, with a newline at its end.
[[nodiscard]] std::string status_json(const std::vector<run::JobStatus>& jobs);
/// One object, or `null` when no such job has run. On one line with `compact`.
[[nodiscard]] std::string status_json(const std::optional<run::JobStatus>& job, bool compact);
/// The array on one line: `status --watch --json` prints one a second.
[[nodiscard]] std::string status_json_line(const std::vector<run::JobStatus>& jobs);

/// An array of runs, indented.
[[nodiscard]] std::string history_json(const std::vector<StoredRun>& runs);

[[nodiscard]] std::string plan_json(const run::PlanReport& plan, const std::string& job);

/// Without the newline.
[[nodiscard]] std::string json_log_line(std::chrono::system_clock::time_point now,
                                        std::string_view job, const LogRecord& record);

}  // namespace backfill::cli
