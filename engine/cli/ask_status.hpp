#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backfill/result.hpp"
#include "run/run.hpp"

namespace backfill::cli {

/// `run::read_status`, waited for.
[[nodiscard]] Result<std::vector<run::JobStatus>> ask_status(
    const std::string& conninfo, const std::optional<std::string>& name);

}  // namespace backfill::cli
