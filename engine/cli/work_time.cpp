#include "cli/work_time.hpp"

#include <algorithm>
#include <utility>

namespace backfill::cli {

std::vector<WorkSpan> work_spans(const std::vector<StoredSample>& samples) {
  std::vector<WorkSpan> spans;
  double reached = 0;
  for (const StoredSample& sample : samples) {
    if (!(sample.span_s > 0)) continue;
    WorkSpan span;
    span.from_s = reached;
    span.to_s = reached += sample.span_s;
    span.at_s = sample.at_s;
    span.epoch = sample.epoch;
    span.phase = sample.phase;
    span.passed_per_second = static_cast<double>(sample.rows_passed) / sample.span_s;
    span.changed_per_second = static_cast<double>(sample.rows_changed) / sample.span_s;
    span.batch_ms = sample.batch_ms;
    span.batch_ms_max = sample.batch_ms_max;
    span.lag_s = sample.lag_s;
    if (sample.batch_rows) span.batch_rows = static_cast<double>(*sample.batch_rows);
    span.lost_s = run::parse_time_lost(sample.time_lost);
    spans.push_back(std::move(span));
  }
  return spans;
}

double work_length(const std::vector<WorkSpan>& spans) {
  return spans.empty() ? 0 : spans.back().to_s;
}

std::vector<std::optional<double>> in_parts(
    const std::vector<WorkSpan>& spans, std::size_t count,
    const std::function<std::optional<double>(const WorkSpan&)>& value, bool worst) {
  std::vector<std::optional<double>> parts(count);
  std::vector<double> weights(count, 0);
  const double length = work_length(spans);
  if (!(length > 0) || count == 0) return parts;
  const double part = length / static_cast<double>(count);
  for (const WorkSpan& span : spans) {
    const std::optional<double> found = value(span);
    if (!found) continue;
    const auto first = std::min(static_cast<std::size_t>(span.from_s / part), count - 1);
    const auto last = std::min(static_cast<std::size_t>(span.to_s / part), count - 1);
    for (std::size_t at = first; at <= last; ++at) {
      const double begins = part * static_cast<double>(at);
      const double shared = std::min(span.to_s, begins + part) - std::max(span.from_s, begins);
      if (!(shared > 0)) continue;
      std::optional<double>& sum = parts[at];
      if (worst) {
        sum = std::max(sum.value_or(*found), *found);
      } else {
        sum = sum.value_or(0) + *found * shared;
        weights[at] += shared;
      }
    }
  }
  for (std::size_t at = 0; at < count && !worst; ++at) {
    if (parts[at]) *parts[at] /= weights[at];
  }
  return parts;
}

std::vector<Mark> phase_marks(const std::vector<WorkSpan>& spans) {
  std::vector<Mark> marks;
  for (const WorkSpan& span : spans) {
    if (marks.empty() || marks.back().text != span.phase)
      marks.push_back({span.from_s, span.phase});
  }
  return marks;
}

std::vector<Mark> run_marks(const std::vector<WorkSpan>& spans) {
  std::vector<Mark> marks;
  int number = 1;
  for (std::size_t at = 1; at < spans.size(); ++at) {
    if (spans[at].epoch == spans[at - 1].epoch) continue;
    marks.push_back({spans[at].from_s, "run " + std::to_string(++number)});
  }
  return marks;
}

std::vector<std::pair<std::string, double>> most_expensive_first(
    const std::map<std::string, double>& lost_s) {
  std::vector<std::pair<std::string, double>> sorted(lost_s.begin(), lost_s.end());
  std::ranges::sort(sorted, [](const auto& one, const auto& other) {
    return one.second != other.second ? one.second > other.second : one.first < other.first;
  });
  return sorted;
}

std::vector<std::pair<std::string, double>> lost_by_reason(const std::vector<WorkSpan>& spans) {
  std::map<std::string, double> sums;
  for (const WorkSpan& span : spans) {
    for (const auto& [reason, seconds] : span.lost_s) sums[reason] += seconds;
  }
  return most_expensive_first(sums);
}

}  // namespace backfill::cli
