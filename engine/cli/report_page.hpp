#pragma once

#include <string>
#include <string_view>

#include "run/history.hpp"

namespace backfill::cli {

/// The style sheet of the page.
extern const std::string_view report_style;

/// One HTML page about a job that needs nothing but itself: no script, no font, no picture from
/// elsewhere, and its own policy forbids any. Pure.
[[nodiscard]] std::string report_page(const run::JobReport& report);

}  // namespace backfill::cli
