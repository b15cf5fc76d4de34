#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text_problem.hpp"

/// A lexer for SQL text, true to PostgreSQL's own where text begins and ends: strings ('…', E'…',
/// $tag$…$tag$, and strings continued on the next line), quoted names, nested comments. It parses
/// nothing; it answers whether a piece of text can stand inside a statement of ours without
/// reaching out of its place. Assumes `standard_conforming_strings = on`, which every session sets.
namespace backfill {

enum class SqlTokenKind {
  identifier,         ///< unquoted; keywords too
  quoted_identifier,  ///< "…", U&"…"
  string,             ///< '…' and its kin, $tag$…$tag$
  number,
  parameter,  ///< $1
  comment,    ///< without the newline that ends a `--` comment
  symbol,     ///< one byte of an operator or punctuation
};

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::symbol;
  std::size_t begin = 0;  ///< bytes, half-open [begin, end)
  std::size_t end = 0;
  friend bool operator==(const SqlToken&, const SqlToken&) = default;
};

struct SqlTokens {
  std::vector<SqlToken> tokens;
  std::optional<TextProblem> problem;  ///< an unterminated quote or comment, or a NUL byte
};

[[nodiscard]] SqlTokens scan_sql(std::string_view text);

/// What keeps the text from standing for one SQL expression: it is empty, its parentheses or
/// brackets do not match, a quote or comment has no end, or it holds `;`, `$1`, or a comma outside
/// parentheses. Says nothing about grammar, names or types: the server does. A `--` comment may be
/// the last thing in the text, and would swallow what follows: see `without_comments`.
[[nodiscard]] std::optional<TextProblem> check_expression(std::string_view text);

/// The same for a whole query, where commas may stand anywhere.
[[nodiscard]] std::optional<TextProblem> check_query(std::string_view text);

/// The text without its comments and the blanks around it. Line breaks stay: `'a'` NEWLINE `'b'` is
/// one string. Wants a text that `scan_sql` finds no problem in, and returns others as they are.
[[nodiscard]] std::string without_comments(std::string_view text);

/// On one line: no comments, one space for each run of blanks between tokens, and line breaks (and
/// backslashes) inside quotes written as \n (and \\). For comparing and showing, not for running.
[[nodiscard]] std::string one_line_sql(std::string_view text);

/// Whether the expression mentions a column of this (unquoted) name. Errs on the side of yes: it
/// also counts the name of a table or of another table's column, and any U&"…" with an escape. The
/// name of a function does not count.
[[nodiscard]] bool mentions_identifier(std::string_view expression, std::string_view name);

}  // namespace backfill
