#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace backfill {

/// How many single-character edits (insert, delete, replace, swap of neighbours) lie between two
/// words: the optimal string alignment distance. Letter case counts as equal, and so do `-` and
/// `_`. Bytes, not characters, are compared.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The valid word that a person most likely meant: the nearest within about a third of the word's
/// length, or else the only one that begins with it ("conn" for `connections`). The first of equals
/// wins. Absent when nothing is near enough to be worth a suggestion.
[[nodiscard]] std::optional<std::string_view> nearest_word(std::string_view word,
                                                           std::span<const std::string_view> valid);

}  // namespace backfill
