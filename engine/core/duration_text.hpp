#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/text_problem.hpp"
#include "core/time.hpp"

namespace backfill {

/// Reads "250ms", "1s", "5m", "24h", "1h30m": whole numbers, each with a unit (ms, s, m, h), the
/// larger unit first, nothing between them. A number without a unit, a fraction, another unit and
/// anything above 9999 hours are problems.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The text that `parse_duration` reads back as the same duration: "1h30m", "250ms", "0s".
/// A negative duration has a leading minus, which is not read back.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);

/// For people, about two digits: "0.4 ms", "250 ms", "3.1 s", "42 s", "5 min 12 s", "3 h 05 min",
/// "2 d 3 h". Negative durations read "0 s": nothing we show can lie before its beginning.
[[nodiscard]] std::string describe_duration(Duration duration);

}  // namespace backfill
