#pragma once

#include <string>

#include "run/history.hpp"

namespace backfill::cli {

/// What went on over the time of work: phases, rows a second, batches, lag, what was waited for.
[[nodiscard]] std::string report_charts(const run::JobReport& report);

}  // namespace backfill::cli
