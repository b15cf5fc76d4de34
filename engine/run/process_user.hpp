#pragma once

#include <string>

namespace backfill::run {

/// The name of the user that this process runs as; "uid 1000" where it has none.
[[nodiscard]] std::string process_user();

}  // namespace backfill::run
