#include "cli/progress_view.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cli/figures.hpp"
#include "core/duration_text.hpp"

namespace backfill::cli {

namespace {

using Parts = std::vector<std::string>;

constexpr std::size_t bar_columns_min = 8;
constexpr std::size_t bar_columns_max = 40;

void add_part(Parts& parts, std::string text) {
  if (!text.empty()) parts.push_back(std::move(text));
}

/// Joins as many parts as fit; the first always stands, cut if it must be.
std::string joined(const Parts& parts, const DisplayStyle& style) {
  const std::string_view separator = style.utf8 ? " · " : ", ";
  std::string line;
  for (const std::string& raw : parts) {
    const std::string part = style.utf8 ? raw : plain_typography(raw);
    if (line.empty()) {
      line = fitted(part, style.width, style.utf8);
      continue;
    }
    if (columns_of(line) + columns_of(separator) + columns_of(part) > style.width) break;
    line.append(separator).append(part);
  }
  return line;
}

std::optional<double> known(const std::optional<double>& figure) {
  return figure && std::isfinite(*figure) ? figure : std::nullopt;
}

std::string bar(double fraction, std::size_t columns, bool utf8) {
  const double full = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(columns);
  const auto filled = static_cast<std::size_t>(full);
  std::string text;
  for (std::size_t at = 0; at < columns; ++at) {
    text += at < filled ? (utf8 ? "█" : "#") : (utf8 ? "░" : "-");
  }
  return text;
}

std::string bar_line(const Progress& progress, const DisplayStyle& style) {
  std::string shares = shares_text(progress);
  if (!style.utf8) shares = plain_typography(shares);
  const auto by_rows = known(progress.fraction_rows);
  const auto fraction = by_rows ? by_rows : known(progress.fraction_key);
  const std::size_t taken = columns_of(shares) + 3;  // the brackets and a space
  if (!fraction || style.width < taken + bar_columns_min) {
    return fitted(shares, style.width, style.utf8);
  }
  const std::size_t columns = std::min(bar_columns_max, style.width - taken);
  const std::string drawn = bar(*fraction, columns, style.utf8);
  if (!style.colour) return fmt::format("[{}] {}", drawn, shares);
  return fmt::format("[\x1b[32m{}\x1b[0m] {}", drawn, shares);
}

std::string rate_text(const Progress& progress) {
  const auto rate = known(progress.rows_per_second);
  return rate ? short_number(*rate) + " rows/s" : std::string("rows/s: measuring");
}

std::string changed_text(const Progress& progress) {
  return grouped(progress.rows_changed) + " changed";
}

std::string workers_text(const Progress& progress) {
  if (progress.workers_limit <= 0 && progress.workers_busy <= 0) return {};
  return fmt::format("workers {} of {}", progress.workers_busy, progress.workers_limit);
}

std::string retries_text(const Progress& progress) {
  if (progress.retries <= 0) return {};
  return "retries " + grouped(progress.retries);
}

std::string limit_text(const Progress& progress) {
  if (progress.limited_by.empty()) return {};
  return "limited by " + without_controls(progress.limited_by);
}

std::string left_text(const Progress& progress) {
  const std::string eta = eta_text(progress);
  return eta.empty() ? eta : eta + " left";
}

}  // namespace

std::string shares_text(const Progress& progress) {
  const auto rows = known(progress.fraction_rows);
  const auto key = known(progress.fraction_key);
  if (!rows && !key) return "share done: measuring";
  if (!key) return percent(*rows) + " by rows";
  if (!rows) return percent(*key) + " by key position";
  return fmt::format("{} by rows · {} by key position", percent(*rows), percent(*key));
}

std::string rows_text(const Progress& progress) {
  if (!progress.keys_total) return grouped(progress.keys_done) + " rows passed";
  const RowCount total = std::max(*progress.keys_total, progress.keys_done);
  return fmt::format("{} of {} rows passed", grouped(progress.keys_done), grouped(total));
}

std::string batch_text(const Progress& progress) {
  if (!progress.batch_rows) return {};
  std::string text = "batch " + grouped(*progress.batch_rows) + " rows";
  if (const auto milliseconds = known(progress.batch_ms)) {
    text += " in " + describe_duration(Duration(std::llround(*milliseconds * 1000)));
  }
  return text;
}

std::string eta_text(const Progress& progress) {
  return progress.eta ? eta_for_people(*progress.eta) : std::string();
}

std::vector<std::string> progress_block(const ProgressView& view, const DisplayStyle& style) {
  const Progress& progress = view.progress;
  const std::string phase = progress.phase.empty() ? "starting" : progress.phase;
  std::vector<std::string> lines;
  const auto add_line = [&](const Parts& parts) {
    if (!parts.empty()) lines.push_back(joined(parts, style));
  };

  const std::string job = without_controls(view.job);
  add_line({job, phase, describe_duration(view.elapsed) + " elapsed"});
  if (!progress.doing.empty()) {
    add_line({without_controls(progress.doing)});
    return lines;
  }
  lines.push_back(bar_line(progress, style));

  Parts pace{rate_text(progress)};
  pace.push_back(progress.eta ? left_text(progress) : std::string("time left: measuring"));
  pace.push_back(rows_text(progress));
  pace.push_back(changed_text(progress));
  add_line(pace);

  Parts load;
  add_part(load, batch_text(progress));
  add_part(load, workers_text(progress));
  add_part(load, retries_text(progress));
  add_line(load);

  Parts limit;
  add_part(limit, limit_text(progress));
  add_line(limit);
  return lines;
}

std::string progress_line(const Progress& progress) {
  if (!progress.doing.empty()) return without_controls(progress.doing);
  Parts parts{shares_text(progress), rows_text(progress), changed_text(progress),
              rate_text(progress)};
  add_part(parts, left_text(progress));
  add_part(parts, batch_text(progress));
  add_part(parts, workers_text(progress));
  add_part(parts, retries_text(progress));
  add_part(parts, limit_text(progress));
  return fmt::format("{}", fmt::join(parts, " · "));
}

std::string progress_summary(const ProgressView& view) {
  const Progress& progress = view.progress;
  // rows_changed counts the whole job, the time this command alone: no rate is made of the two.
  std::string text = fmt::format("{} rows changed · ran for {}", grouped(progress.rows_changed),
                                 describe_duration(view.elapsed));
  if (progress.batches > 0) text += fmt::format(" · {} batches", grouped(progress.batches));
  if (const std::string retries = retries_text(progress); !retries.empty()) text += " · " + retries;
  return text;
}

}  // namespace backfill::cli
