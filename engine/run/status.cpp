#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "checkpoint/control_schema.hpp"
#include "checkpoint/proof_query.hpp"
#include "checkpoint/status_query.hpp"
#include "checkpoint/wishes.hpp"
#include "run/progress_json.hpp"
#include "run/run.hpp"

namespace backfill::run {

namespace {

std::string state_of(const backfill::JobStatus& stored) {
  if (stored.lack_of_proof) return "unproven";
  if (stored.state != JobState::running) return std::string{to_string(stored.state)};
  return stored.held ? "running" : "abandoned";
}

/// What a runner that is gone has left of its last words: how far the job was, so that nobody sees
/// it go back, and nothing of its pace.
Progress last_words(const Progress& said) {
  Progress left;
  left.fraction_rows = said.fraction_rows;
  left.fraction_key = said.fraction_key;
  left.keys_total = said.keys_total;
  return left;
}

/// The runner's own words while it lives; otherwise what the checkpoints tell.
Progress progress_of(const backfill::JobStatus& stored) {
  Progress progress = parse_progress(stored.progress);
  const bool lives = stored.held && stored.state == JobState::running;
  if (progress.phase != stored.phase) {
    progress = {};
  } else if (!lives) {
    progress = last_words(progress);
  }
  progress.phase = stored.phase;
  progress.rows_changed = std::max(progress.rows_changed, RowCount{stored.rows_changed});
  progress.keys_done = std::max(progress.keys_done, RowCount{stored.keys_done});
  progress.batches = std::max(progress.batches, stored.batches);
  if (stored.state == JobState::done) {
    progress.fraction_rows = 1.0;
    progress.fraction_key = 1.0;
    progress.keys_total = progress.keys_done;
    return progress;
  }
  // The estimate is of the job's own table, whose sweeps are phases of a single word.
  const bool own = stored.phase.find(' ') == std::string::npos;
  if (!progress.keys_total && stored.rows_estimated && own) {
    progress.keys_total = RowCount{std::max(*stored.rows_estimated, stored.keys)};
  }
  if (!progress.keys_total) return progress;
  // The checkpoints are younger than the runner's last words.
  progress.keys_total = std::max(*progress.keys_total, progress.keys_done);
  if (*progress.keys_total > RowCount{0}) {
    const double done = static_cast<double>(progress.keys_done.value) /
                        static_cast<double>(progress.keys_total->value);
    progress.fraction_rows = std::max(progress.fraction_rows.value_or(0), done);
  }
  return progress;
}

void show_wishes(const Wishes& wishes, JobStatus* status) {
  if (wishes.pause) {
    status->paused_by = wishes.pause->by;
    status->paused_at = wishes.pause->since;
  }
  for (const StoredSetting& stored : wishes.settings) {
    if (!stored.value) continue;
    status->settings.push_back(
        {stored.key, *stored.value, stored.file_value.value_or(""), stored.set_by, stored.set_at});
  }
}

JobStatus shown(const backfill::JobStatus& stored) {
  JobStatus status;
  status.name = stored.name;
  status.kind = stored.kind;
  status.table = stored.table;
  status.phase = stored.phase;
  status.state = state_of(stored);
  status.progress = progress_of(stored);
  if (!status.progress.lag.empty()) status.lag = status.progress.lag;
  if (stored.held) {
    status.owner = fmt::format("{} pid {} since {}", stored.host, stored.pid.value_or(0),
                               stored.acquired_at.value_or("an unknown time"));
  }
  if (stored.checkpoint_age_s) {
    status.checkpoint_age = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(*stored.checkpoint_age_s));
  }
  status.last_error = stored.last_error;
  status.rows_quarantined = stored.rows_quarantined;
  if (stored.lack_of_proof) {
    status.last_error = "it counts as done, but is not proven: " + *stored.lack_of_proof;
  }
  status.created_at = stored.created_at;
  status.updated_at = stored.updated_at;
  status.finished_at = stored.finished_at;
  return status;
}

}  // namespace

asio::awaitable<Result<std::vector<JobStatus>>> read_status(asio::any_io_executor executor,
                                                            std::string conninfo,
                                                            std::optional<std::string> name) {
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  options.application_name = "backfill: status";
  options.read_write = false;
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return connected.error();
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  const Result<std::vector<backfill::JobStatus>> stored =
      co_await backfill::read_status(connection.get(), std::move(name));
  if (!stored) co_return stored.error();
  const Result<std::optional<int>> version = co_await read_control_schema_version(connection.get());
  if (!version) co_return version.error();
  std::vector<JobStatus> jobs;
  for (const backfill::JobStatus& job : *stored) {
    jobs.push_back(shown(job));
    const JobId id = job.id;
    if (version->value_or(0) >= proofs_version) {
      Result<std::vector<ProofReport>> proofs = co_await read_proofs(connection.get(), id);
      if (!proofs) co_return proofs.error();
      jobs.back().proofs = *std::move(proofs);
    }
    if (version->value_or(0) < wishes_version) continue;
    const Result<Wishes> wishes = co_await read_wishes(connection.get(), id);
    if (!wishes) co_return wishes.error();
    show_wishes(*wishes, &jobs.back());
  }
  co_return jobs;
}

}  // namespace backfill::run
