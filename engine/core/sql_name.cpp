#include "core/sql_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/sql_characters.hpp"
#include "core/sql_scan.hpp"
#include "core/sql_text.hpp"

namespace backfill {
namespace {

struct Name {
  std::string text;
  std::size_t end = 0;
};

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_sql_space(text[at])) ++at;
  return at;
}

Parsed<Name> limited(std::string name, std::size_t start, std::size_t end) {
  if (name.size() > identifier_bytes_max) {
    return TextProblem{start, fmt::format("the name is {} bytes long; PostgreSQL keeps only {}",
                                          name.size(), identifier_bytes_max)};
  }
  return Name{std::move(name), end};
}

Parsed<Name> quoted_name(std::string_view text, std::size_t start) {
  std::string name;
  for (std::size_t at = start + 1; at < text.size(); ++at) {
    if (text[at] == '\0') return TextProblem{at, "a name cannot hold a NUL byte"};
    if (text[at] != '"') {
      name += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      name += text[at++];
    } else if (name.empty()) {
      return TextProblem{start, "a quoted name cannot be empty"};
    } else {
      return limited(std::move(name), start, at + 1);
    }
  }
  return TextProblem{start, "the quoted name has no closing \""};
}

/// The name that begins at `at`, blanks before it ignored.
Parsed<Name> name_at(std::string_view text, std::size_t at) {
  at = skip_spaces(text, at);
  if (at == text.size()) return TextProblem{at, "a name is missing here"};
  if (text[at] == '"') return quoted_name(text, at);
  if (!begins_identifier(text[at])) {
    return TextProblem{at, "a name begins with a letter or _ here, or stands in double quotes"};
  }
  const std::size_t start = at;
  while (at < text.size() && continues_identifier(text[at])) ++at;
  if (text.substr(start).starts_with("U&\"") || text.substr(start).starts_with("u&\"")) {
    return TextProblem{start, "write the letters of a name themselves instead of U&\"…\""};
  }
  return limited(fold_identifier(text.substr(start, at - start)), start, at);
}

/// Words that may follow a type in a column definition but are no part of it.
constexpr std::array<std::string_view, 13> words_after_a_type{
    "not",   "null",       "default",   "primary", "unique",  "check",      "references",
    "using", "constraint", "generated", "collate", "storage", "compression"};

std::optional<TextProblem> problem_of_type(std::string_view type) {
  if (auto problem = check_expression(type)) return problem;
  const SqlTokens scanned = scan_sql(type);
  for (const SqlToken& token : scanned.tokens) {
    const std::string_view text = type.substr(token.begin, token.end - token.begin);
    if (token.kind == SqlTokenKind::comment) {
      return TextProblem{token.begin, "a comment cannot stand inside a column's type"};
    }
    if (token.kind != SqlTokenKind::identifier) continue;
    const std::string word = fold_identifier(text);
    if (std::find(words_after_a_type.begin(), words_after_a_type.end(), word) ==
        words_after_a_type.end()) {
      continue;
    }
    return TextProblem{token.begin, "only the column's name and type are wanted here, without " +
                                        std::string(text)};
  }
  return std::nullopt;
}

}  // namespace

Parsed<std::string> parse_identifier(std::string_view text) {
  const Parsed<Name> name = name_at(text, 0);
  if (!name) return name.problem();
  const std::size_t rest = skip_spaces(text, name->end);
  if (rest == text.size()) return name->text;
  if (text[rest] == '.') return TextProblem{rest, "one name is wanted, without a dot"};
  return TextProblem{rest, "the name ends before this; other characters need double quotes"};
}

Parsed<QualifiedName> parse_qualified_name(std::string_view text) {
  const Parsed<Name> first = name_at(text, 0);
  if (!first) return first.problem();
  std::size_t rest = skip_spaces(text, first->end);
  if (rest == text.size()) return QualifiedName{std::nullopt, first->text};
  if (text[rest] != '.') {
    return TextProblem{rest, "the name ends before this; other characters need double quotes"};
  }
  const Parsed<Name> second = name_at(text, rest + 1);
  if (!second) return second.problem();
  rest = skip_spaces(text, second->end);
  if (rest == text.size()) return QualifiedName{first->text, second->text};
  if (text[rest] == '.') {
    return TextProblem{rest, "a name has at most two parts: schema and table"};
  }
  return TextProblem{rest, "the name ends before this; other characters need double quotes"};
}

Parsed<AddColumn> split_column_definition(std::string_view text) {
  const Parsed<Name> name = name_at(text, 0);
  if (!name) return name.problem();
  const std::size_t start = skip_spaces(text, name->end);
  std::size_t end = text.size();
  while (end > start && is_sql_space(text[end - 1])) --end;
  if (start == end) {
    return TextProblem{start, "the column's type is missing: write its name, then its type"};
  }
  if (start == name->end) {
    return TextProblem{start, "a blank is missing between the column's name and its type"};
  }
  const std::string_view type = text.substr(start, end - start);
  if (auto problem = problem_of_type(type)) {
    problem->offset += start;
    return *problem;
  }
  return AddColumn{name->text, std::string(type)};
}

std::string name_text(std::string_view name) {
  const Parsed<std::string> read = parse_identifier(name);
  if (read && *read == name) return std::string(name);
  return quote_identifier(name);
}

std::string name_text(const QualifiedName& name) {
  return name.schema ? name_text(*name.schema) + "." + name_text(name.name) : name_text(name.name);
}

}  // namespace backfill
