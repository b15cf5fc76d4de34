#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/glyphs.hpp"
#include "run/history.hpp"
#include "run/run.hpp"

/// What commands print for people. Pure; every text ends with a newline or is empty.
namespace backfill::cli {

/// summary, details (indented), next.
[[nodiscard]] std::string outcome_text(const run::Outcome& outcome);

/// "next: …" with its newline; empty when nothing is left to do.
[[nodiscard]] std::string next_line(std::string_view next);

/// One line a job, under a heading.
[[nodiscard]] std::string status_table(const std::vector<run::JobStatus>& jobs,
                                       const DisplayStyle& style);
/// Everything about one job, a line for each thing known.
[[nodiscard]] std::string status_detail(const run::JobStatus& job, const DisplayStyle& style);

/// One line a run, in the order given, under a heading.
[[nodiscard]] std::string history_table(const std::vector<StoredRun>& runs,
                                        const DisplayStyle& style);

/// Table, key, steps with their locks and the first line of their SQL, findings, next.
[[nodiscard]] std::string plan_text(const run::PlanReport& plan, std::string_view job,
                                    const DisplayStyle& style);
/// Every statement whole, as a script whose comments say when and under which lock it runs.
[[nodiscard]] std::string plan_sql(const run::PlanReport& plan, std::string_view job);

}  // namespace backfill::cli
