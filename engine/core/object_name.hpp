#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backfill {

/// The name that PostgreSQL itself would choose, `users_email_key`, when no other object has it:
/// `parts` and `suffix` joined by underscores. Over 63 bytes, the longest parts are cut, as
/// makeObjectName does, at a character's border.
[[nodiscard]] std::string object_name(std::string_view table, const std::vector<std::string>& parts,
                                      std::string_view suffix);

}  // namespace backfill
