#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace backfill {

/// The name that PostgreSQL itself would choose, `users_email_key`, when no other object has it:
/// `parts` and `suffix` joined by underscores. Over 63 bytes, the longest parts are cut, as
/// makeObjectName does, at a character's border.
[[nodiscard]] std::string object_name(std::string_view table, const std::vector<std::string>& parts,
                                      std::string_view suffix);

/// The trigger that keeps the columns of `preserve` for a job, whose name has at most
/// `keep_job_bytes_max` bytes. `|` stands behind all letters, and before the `~` of a type-copy's
/// sync trigger, which has to see what stays.
[[nodiscard]] std::string keep_trigger(std::string_view job);

inline constexpr std::size_t keep_job_bytes_max = 48;

}  // namespace backfill
