#pragma once

#include <string>
#include <string_view>

#include "backfill/job.hpp"

/// What a job does, as opposed to how fast and how carefully. Once a job has started, a file that
/// means something else is refused.
namespace backfill {

/// The word behind `kind:`.
[[nodiscard]] std::string_view kind_word(JobKind kind);

/// Canonical text of the pinned part: kind, table, key, add, set, where, enforce, and columns
/// (without their `back`, which a rollback may have to correct), one "path: value" a line, each
/// line ended. Comments, blanks between tokens and the order of the set columns do not show. Names
/// stand as SQL would need them written; a table without a schema stays without.
[[nodiscard]] std::string meaning_of(const Job& job);

/// The lines that differ, in order: "- " what the job was started with, "+ " what the file says
/// now. Empty when the texts are equal.
[[nodiscard]] std::string meaning_diff(std::string_view started, std::string_view now);

}  // namespace backfill
