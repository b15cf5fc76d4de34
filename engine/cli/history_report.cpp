#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "cli/figures.hpp"
#include "cli/reports.hpp"
#include "cli/work_time.hpp"
#include "core/duration_text.hpp"

namespace backfill::cli {

namespace {

std::string time_text(double seconds) {
  return describe_duration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

/// The most expensive first.
std::string lost_text(const StoredRun& run) {
  std::string text;
  for (const auto& [reason, seconds] : most_expensive_first(run::parse_time_lost(run.time_lost))) {
    if (seconds < seconds_worth_telling) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, time_text(seconds));
  }
  return text.empty() ? "-" : text;
}

std::string padded(std::string text, std::size_t columns, bool right) {
  const std::size_t used = columns_of(text);
  const std::string room(columns > used ? columns - used : 0, ' ');
  return right ? room + text : text + room;
}

}  // namespace

std::string history_table(const std::vector<StoredRun>& runs, const DisplayStyle& style) {
  constexpr std::size_t count = 10;
  using Row = std::array<std::string, count>;
  constexpr std::array<bool, count> figures{false, false, false, false, true,
                                            false, true,  true,  true,  false};
  std::vector<Row> rows{{"STARTED", "JOB", "COMMAND", "BY", "TOOK", "ENDED", "ROWS", "BATCHES",
                         "RETRIES", "TIME LOST"}};
  for (const StoredRun& run : runs) {
    rows.push_back({run.started_at, run.job, run.command,
                    fmt::format("{} ({}@{})", run.role, run.os_user, run.host),
                    time_text(run.took_s), run::ending_word(run), grouped(run.rows_changed),
                    grouped(run.batches), grouped(run.retries), lost_text(run)});
  }
  std::array<std::size_t, count> widths{};
  for (const Row& row : rows) {
    for (std::size_t at = 0; at < count; ++at) {
      widths[at] = std::max(widths[at], columns_of(without_controls(row[at])));
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < count; ++at) {
      const std::string cell = without_controls(row[at]);
      line += at + 1 < count ? padded(cell, widths[at], figures[at]) + "  " : cell;
    }
    text += fitted(style.utf8 ? line : plain_typography(line), style.width, style.utf8) + "\n";
  }
  return text;
}

}  // namespace backfill::cli
