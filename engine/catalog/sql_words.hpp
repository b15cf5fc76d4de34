#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The words of an SQL expression, told apart as PostgreSQL's scanner does (manual, 4.1): enough to
/// see where strings, comments and brackets end and which names occur. What they mean is for the
/// server to say.
namespace backfill {

struct SqlWord {
  enum class Kind { identifier, quoted_identifier, string, number, parameter, symbol };

  Kind kind = Kind::symbol;
  std::string text;      ///< a name as the catalog holds it, a string's contents, else as written
  std::size_t at = 0;    ///< byte offset of its first character
  std::size_t size = 0;  ///< bytes, as written
};

struct SqlWords {
  std::vector<SqlWord> words;          ///< comments and blanks left out
  std::optional<std::string> problem;  ///< a string, name or comment that never ends
};

[[nodiscard]] SqlWords read_sql_words(std::string_view sql);

/// Why a text cannot be one expression of ours: it leaves the parentheses that we put it in, ends
/// a statement, or holds a `$1` that would read a bound of our key. Absent when it can.
[[nodiscard]] std::optional<std::string> shape_problem(std::string_view expression);

/// Whether a name occurs, as a column, table or function: unquoted names in lower case.
[[nodiscard]] bool mentions(const SqlWords& expression, std::string_view name);

/// Where an offset in characters (from 0) lies within an expression.
struct SqlPlace {
  int line = 1;      ///< from 1
  int column = 1;    ///< from 1, in characters
  std::string word;  ///< the word that begins there; empty at the end
};

/// Absent when the offset lies outside; the offset just behind the last character is its end.
[[nodiscard]] std::optional<SqlPlace> locate(std::string_view expression, int offset);

/// Characters of a UTF-8 text: the server counts positions in these.
[[nodiscard]] int character_count(std::string_view text);

}  // namespace backfill
