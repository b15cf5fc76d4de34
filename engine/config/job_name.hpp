#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/text_problem.hpp"

namespace backfill::config {

/// A job's name goes into commands, logs and the control schema: letters, digits, `_`, `-` and `.`,
/// beginning with none of the last two, at most 63 bytes.
[[nodiscard]] std::optional<TextProblem> problem_of_job_name(std::string_view name);

/// `jobs/20240131_1200_emails.yaml` -> `20240131_1200_emails`.
[[nodiscard]] std::string stem_of(std::string_view file_name);

}  // namespace backfill::config
