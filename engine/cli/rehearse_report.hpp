#pragma once

#include <string>
#include <string_view>

#include "cli/glyphs.hpp"
#include "run/rehearse.hpp"

namespace backfill::cli {

/// What was measured, seen and found, and what the job would take. Pure.
[[nodiscard]] std::string rehearsal_text(const run::Rehearsal& rehearsal, std::string_view job,
                                         const DisplayStyle& style);

/// job, exit_code, table, wrote, unwritten, positions, batches, rows, rows_passed, seconds,
/// batch_ms, rows_per_second, rows_passed_per_second, wal_bytes_per_row, wal_images_per_row,
/// wal_bytes, wal_bytes_of_server, hot_share, triggers {names, seconds}, locks {timeouts,
/// waited_seconds, held_up_seconds, holders}, time_was_up, samples [{key, values [{column, before,
/// after}]}], failing [{key, sqlstate, message}], more_failing, troubles, dead_rows, dead_bytes,
/// notes, findings, estimate (as of plan), next. What was not measured is null.
[[nodiscard]] std::string rehearsal_json(const run::Rehearsal& rehearsal, std::string_view job);

}  // namespace backfill::cli
