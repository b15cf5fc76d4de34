#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "cli/figures.hpp"
#include "cli/progress_view.hpp"
#include "cli/reports.hpp"
#include "core/duration_text.hpp"

namespace backfill::cli {

namespace {

constexpr std::size_t label_columns = 12;

bool running(const run::JobStatus& job) {
  return job.state == "running";
}

std::string styled(std::string_view text, const DisplayStyle& style) {
  const std::string clean = without_controls(text);
  return fitted(style.utf8 ? clean : plain_typography(clean), style.width, style.utf8);
}

std::string padded(std::string_view text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  return std::string(text) + std::string(columns > used ? columns - used : 0, ' ');
}

std::string state_text(const run::JobStatus& job) {
  // A paused job that nobody runs waits for both.
  if (job.paused_by && running(job)) return fmt::format("{}, paused", job.phase);
  if (job.paused_by && job.state != "done")
    return fmt::format("{}, {}, paused", job.phase, job.state);
  // A type-copy that has switched is done, and can still be undone.
  if (job.state == "done" && job.phase == "switched") return "done, switched";
  if (job.state == "done" || job.phase.empty() || job.phase == job.state) return job.state;
  return fmt::format("{}, {}", job.phase, job.state);
}

std::string rate_text(const Progress& progress) {
  if (!progress.rows_per_second || !std::isfinite(*progress.rows_per_second)) return "measuring";
  return short_number(*progress.rows_per_second) + " rows/s";
}

std::string share_text(const std::optional<double>& fraction) {
  return fraction && std::isfinite(*fraction) ? percent(*fraction) : std::string("-");
}

/// What the rows have been compared with stands in the job; the sums of each range in the control
/// schema.
std::string proof_text(const ProofReport& proof) {
  return fmt::format(
      "{}{}: {} rows compared in {} range{}, {} differ, checksums {} (view "
      "backfill.proofs){}",
      proof.phase, proof.complete ? "" : ", so far", grouped(RowCount{proof.rows_compared}),
      proof.ranges.size(), proof.ranges.size() == 1 ? "" : "s",
      grouped(RowCount{proof.rows_differing}), proof.checksums_agree() ? "agree" : "do not agree",
      proof.complete ? " at " + proof.proven_at : "");
}

/// What to type next, by the job's state.
std::string next_of(const run::JobStatus& job) {
  if (job.paused_by && job.state != "done") return fmt::format("backfill resume {}", job.name);
  if (running(job)) return fmt::format("backfill status {} --watch", job.name);
  if (job.state == "done" && job.phase == "switched") {
    return "backfill drop (removes the old column) or backfill rollback, with the job's file";
  }
  if (job.state == "done") return {};
  if (job.rows_quarantined > 0) {
    return "mend the rows in quarantine; then backfill retry with the job's file";
  }
  if (job.state == "unproven") return "backfill verify with the job's file";
  if (job.phase == "ready") return "backfill switch with the job's file";
  return "backfill run with the job's file: it goes on where it stands";
}

}  // namespace

std::string status_table(const std::vector<run::JobStatus>& jobs, const DisplayStyle& style) {
  using Row = std::array<std::string, 7>;
  std::vector<Row> rows{{"JOB", "STATE", "ROWS", "KEY", "SPEED", "LEFT", "LIMITED BY"}};
  for (const run::JobStatus& job : jobs) {
    const Progress& progress = job.progress;
    const bool live = running(job);
    const std::string eta = eta_text(progress);
    rows.push_back({job.name, state_text(job), share_text(progress.fraction_rows),
                    share_text(progress.fraction_key), live ? rate_text(progress) : "-",
                    live ? (eta.empty() ? "measuring" : eta) : "-",
                    live && !progress.limited_by.empty() ? progress.limited_by : "-"});
  }
  Row::size_type column = 0;
  std::array<std::size_t, 7> widths{};
  for (std::size_t& width : widths) {
    for (const Row& row : rows) width = std::max(width, columns_of(row[column]));
    ++column;
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) {
      line += at + 1 < row.size() ? padded(row[at], widths[at] + 2) : row[at];
    }
    text += styled(line, style) + "\n";
  }
  return text;
}

std::string status_detail(const run::JobStatus& job, const DisplayStyle& style) {
  const Progress& progress = job.progress;
  std::vector<std::pair<std::string_view, std::string>> lines;
  const auto add = [&lines](std::string_view label, std::string value) {
    if (!value.empty()) lines.emplace_back(label, std::move(value));
  };
  add("table", fmt::format("{} ({})", job.table, job.kind));
  add("progress", shares_text(progress));
  add("rows", fmt::format("{} · {} changed", rows_text(progress), grouped(progress.rows_changed)));
  if (running(job)) {
    const std::string eta = eta_text(progress);
    add("speed", fmt::format("{} · {}", rate_text(progress),
                             eta.empty() ? "time left: measuring" : eta + " left"));
    add("doing", progress.doing);
    add("limited by", progress.limited_by);
    add("batches", batch_text(progress));
    add("workers", fmt::format("{} of {}", progress.workers_busy, progress.workers_limit));
  }
  if (job.rows_quarantined > 0) {
    add("quarantine",
        fmt::format("{} row{} set aside (table backfill.quarantine)",
                    grouped(RowCount{job.rows_quarantined}), job.rows_quarantined == 1 ? "" : "s"));
  }
  for (const ProofReport& proof : job.proofs) add("proof", proof_text(proof));
  if (progress.retries > 0) add("retries", grouped(progress.retries));
  add("lag", job.lag.value_or(""));
  if (job.checkpoint_age) add("checkpoint", describe_duration(*job.checkpoint_age) + " ago");
  add("runner", job.owner.value_or(""));
  if (job.paused_by) add("paused", fmt::format("by {} since {}", *job.paused_by, job.paused_at));
  for (const run::ChangedSetting& setting : job.settings) {
    add("set", fmt::format("{}={} (file: {}) by {} at {}", setting.key, setting.value,
                           setting.file_value.empty() ? "nothing" : setting.file_value, setting.by,
                           setting.at));
  }
  add("last error", job.last_error.value_or(""));
  add("created", job.created_at);
  add("updated", job.updated_at);
  add("finished", job.finished_at.value_or(""));
  add("next", next_of(job));

  std::string text = styled(fmt::format("{}: {}", job.name, state_text(job)), style) + "\n";
  for (const auto& [label, value] : lines) {
    text += styled("  " + padded(label, label_columns) + value, style) + "\n";
  }
  return text;
}

}  // namespace backfill::cli
