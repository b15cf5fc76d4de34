#include "core/nearest.hpp"

#include <algorithm>
#include <vector>

namespace backfill {
namespace {

/// Longer words are not typing errors of ours, and the cost of the comparison is quadratic.
constexpr std::size_t word_length_max = 64;
constexpr std::size_t prefix_length_min = 3;

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : c;
}

bool begins_with(std::string_view word, std::string_view prefix) {
  return word.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), word.begin(),
                    [](char a, char b) { return folded(a) == folded(b); });
}

std::optional<std::string_view> only_completion(std::string_view word,
                                                std::span<const std::string_view> valid) {
  if (word.size() < prefix_length_min) return std::nullopt;
  std::optional<std::string_view> found;
  for (const std::string_view candidate : valid) {
    if (!begins_with(candidate, word)) continue;
    if (found) return std::nullopt;
    found = candidate;
  }
  return found;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the matrix are enough, since a swap looks two rows back.
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_back.swap(back);
    back.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (same ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                           folded(a[i - 2]) == folded(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> nearest_word(std::string_view word,
                                             std::span<const std::string_view> valid) {
  if (word.empty() || word.size() > word_length_max) return std::nullopt;
  const std::size_t limit = (word.size() + 2) / 3;
  std::optional<std::string_view> best;
  std::size_t best_distance = limit + 1;
  for (const std::string_view candidate : valid) {
    // A word of which nothing is left after the edits was not meant.
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance || distance >= candidate.size()) continue;
    best = candidate;
    best_distance = distance;
  }
  return best ? best : only_completion(word, valid);
}

}  // namespace backfill
