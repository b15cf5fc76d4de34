#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backfill/job.hpp"
#include "core/text_problem.hpp"

/// A daily window in the wall-clock time of a zone. What time it is there, the server says: the
/// rules of time zones are its business. Where a clock is set forward, a window that begins in the
/// missing hour begins after it; where it is set back, the window is open in both the hours.
namespace backfill {

/// Reads "22:00-06:00 Europe/London": hours and minutes, the end excluded and "24:00" at most; the
/// zone by its name or as UTC. A window across midnight is one.
[[nodiscard]] Parsed<TimeWindow> parse_time_window(std::string_view text);

/// What `parse_time_window` reads back.
[[nodiscard]] std::string time_window_text(const TimeWindow& window);

/// At so many seconds after midnight, by the clock of the window's zone.
[[nodiscard]] bool is_open(const TimeWindow& window, std::int64_t second_of_day);

}  // namespace backfill
