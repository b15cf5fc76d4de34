#include "jobs/type_copy_carry/using_expression.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/deparsed_words.hpp"
#include "core/sql_scan.hpp"

namespace backfill {

namespace {

/// ASCII only, as the server folds names in UTF-8.
std::string lower(std::string_view text) {
  std::string folded{text};
  for (char& letter : folded) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter | 0x20);
  }
  return folded;
}

bool is_column(const DeparsedWords& words, std::size_t at, std::string_view column) {
  if (words[at].kind == SqlTokenKind::quoted_identifier) return words.name(at) == column;
  return words[at].kind == SqlTokenKind::identifier && lower(words.text(at)) == column;
}

}  // namespace

bool plain_cast(std::string_view expression, std::string_view column) {
  const std::string text = without_comments(expression);
  const DeparsedWords words(text);
  if (words.size() < 4) return false;
  if (is_column(words, 0, column)) return words.skip_type(1) == words.size();
  return lower(words.text(0)) == "cast" && words.is(1, "(") && is_column(words, 2, column) &&
         lower(words.text(3)) == "as" && words.skip_bracket(1) == words.size();
}

bool mentions_others(std::string_view expression, const ColumnFacts& facts) {
  return std::ranges::any_of(facts.other_columns, [&](const std::string& other) {
    return other != facts.name && mentions_identifier(expression, other);
  });
}

std::string replace_column(std::string_view expression, std::string_view column,
                           std::string_view name) {
  const std::string text = without_comments(expression);
  const DeparsedWords words(text);
  std::string result;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < words.size();) {
    const std::size_t behind = words.skip_type(i);
    if (behind != i) {
      i = behind;
      continue;
    }
    if (is_column(words, i, column) && !words.is(i + 1, "(")) {
      // `table.column`: the table goes with its column.
      std::size_t first = i;
      while (first >= 2 && words.is(first - 1, ".")) first -= 2;
      result.append(text, copied, words[first].begin - copied).append(name);
      copied = words[i].end;
    }
    ++i;
  }
  return result.append(text, copied);
}

std::string apply_using(std::string_view expression, std::string_view column,
                        std::string_view value) {
  return replace_column(expression, column, fmt::format("({})", value));
}

}  // namespace backfill
