#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "run/history.hpp"

/// The samples of a job on one axis: the time in which a runner was at work. Pure.
namespace backfill::cli {

/// One sample as charts want it.
struct WorkSpan {
  double from_s = 0;  ///< of work, since the first sample began
  double to_s = 0;
  double at_s = 0;  ///< seconds since 1970 at its end
  std::int64_t epoch = 0;
  std::string phase;
  double passed_per_second = 0;
  double changed_per_second = 0;
  std::optional<double> batch_ms;
  std::optional<double> batch_ms_max;
  std::optional<double> lag_s;
  std::optional<double> batch_rows;
  std::map<std::string, double> lost_s;  ///< by reason
};

/// The spans one after the other; the nights between two runs take no room.
[[nodiscard]] std::vector<WorkSpan> work_spans(const std::vector<StoredSample>& samples);

[[nodiscard]] double work_length(const std::vector<WorkSpan>& spans);

/// `count` equal parts of the work, each with what `value` gives of the spans that lie in it: their
/// mean by time, or with `worst` the largest. Absent where no span has a value.
[[nodiscard]] std::vector<std::optional<double>> in_parts(
    const std::vector<WorkSpan>& spans, std::size_t count,
    const std::function<std::optional<double>(const WorkSpan&)>& value, bool worst);

/// Where a phase, or a run, begins: its first span.
struct Mark {
  double at_s = 0;
  std::string text;
};
[[nodiscard]] std::vector<Mark> phase_marks(const std::vector<WorkSpan>& spans);
/// Of the second run and those after it.
[[nodiscard]] std::vector<Mark> run_marks(const std::vector<WorkSpan>& spans);

/// What a signal cost while it was read for the first time is not worth a line.
inline constexpr double seconds_worth_telling = 0.1;

/// Reasons with their seconds.
[[nodiscard]] std::vector<std::pair<std::string, double>> most_expensive_first(
    const std::map<std::string, double>& lost_s);

/// Of all spans together.
[[nodiscard]] std::vector<std::pair<std::string, double>> lost_by_reason(
    const std::vector<WorkSpan>& spans);

}  // namespace backfill::cli
