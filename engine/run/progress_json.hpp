#pragma once

#include <string>
#include <string_view>

#include "backfill/progress.hpp"

namespace backfill::run {

/// `backfill.leases.progress`: what is unknown is null.
[[nodiscard]] std::string progress_json(const Progress& progress);

/// Reads it back; what is missing or of another type stays unknown.
[[nodiscard]] Progress parse_progress(std::string_view json);

}  // namespace backfill::run
