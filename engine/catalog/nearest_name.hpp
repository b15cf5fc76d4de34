#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backfill {

/// The name that was probably meant: the one with the fewest edits (Levenshtein's distance, in
/// bytes, without regard to ASCII case), if those are at most a third of the word, or two for a
/// short one. Absent when nothing is near.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view word,
                                                      const std::vector<std::string>& names);

}  // namespace backfill
