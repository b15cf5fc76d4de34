#include <fmt/format.h>

#include "core/sql_characters.hpp"
#include "core/sql_scan.hpp"

// The answers that need no more than the tokens of the text.
namespace backfill {
namespace {

char closer_of(char opener) {
  return opener == '(' ? ')' : ']';
}

enum class Commas { anywhere, inside_parentheses };

std::optional<TextProblem> problem_of_symbol(std::string_view text, std::size_t at, Commas commas,
                                             std::vector<std::size_t>& open) {
  const char c = text[at];
  if (c == ';') return TextProblem{at, "a ; cannot stand here"};
  if (c == '(' || c == '[') {
    open.push_back(at);
  } else if (c == ')' || c == ']') {
    if (open.empty()) return TextProblem{at, fmt::format("this {} closes nothing", c)};
    const char opener = text[open.back()];
    if (closer_of(opener) != c) {
      return TextProblem{
          at, fmt::format("a {} is wanted here to close the {}", closer_of(opener), opener)};
    }
    open.pop_back();
  } else if (c == ',' && open.empty() && commas == Commas::inside_parentheses) {
    return TextProblem{at, "one expression is wanted, but a comma follows it"};
  }
  return std::nullopt;
}

std::optional<TextProblem> check(std::string_view text, Commas commas) {
  const SqlTokens scanned = scan_sql(text);
  std::vector<std::size_t> open;
  bool empty = true;
  for (const SqlToken& token : scanned.tokens) {
    if (token.kind != SqlTokenKind::comment) empty = false;
    if (token.kind == SqlTokenKind::parameter) {
      return TextProblem{token.begin, "a parameter such as $1 has no value here"};
    }
    if (token.kind != SqlTokenKind::symbol) continue;
    if (auto problem = problem_of_symbol(text, token.begin, commas, open)) return problem;
  }
  if (scanned.problem) return scanned.problem;
  if (empty) return TextProblem{0, "the SQL is empty"};
  if (!open.empty()) {
    return TextProblem{open.back(), fmt::format("this {} is never closed", text[open.back()])};
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_sql_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_sql_space(text.back())) text.remove_suffix(1);
  return text;
}

bool names(std::string_view token, SqlTokenKind kind, std::string_view name) {
  if (kind == SqlTokenKind::identifier) return fold_identifier(token) == name;
  const bool unicode = token.front() != '"';
  if (unicode && token.find('\\') != std::string_view::npos) return true;
  token.remove_prefix(unicode ? 3 : 1);
  token.remove_suffix(1);
  std::string plain;
  for (std::size_t i = 0; i < token.size(); ++i) {
    plain += token[i];
    if (token[i] == '"') ++i;
  }
  return plain == name;
}

}  // namespace

std::optional<TextProblem> check_expression(std::string_view text) {
  return check(text, Commas::inside_parentheses);
}

std::optional<TextProblem> check_query(std::string_view text) {
  return check(text, Commas::anywhere);
}

std::string without_comments(std::string_view text) {
  const SqlTokens scanned = scan_sql(text);
  if (scanned.problem) return std::string(text);
  std::string kept;
  std::size_t at = 0;
  for (const SqlToken& token : scanned.tokens) {
    if (token.kind != SqlTokenKind::comment) continue;
    kept += text.substr(at, token.begin - at);
    kept += ' ';  // a comment separates tokens like a blank
    at = token.end;
  }
  kept += text.substr(at);
  return std::string(trimmed(kept));
}

std::string one_line_sql(std::string_view text) {
  const std::string plain = without_comments(text);
  std::string line;
  std::size_t at = 0;
  for (const SqlToken& token : scan_sql(plain).tokens) {
    if (token.begin > at && !line.empty()) line += ' ';
    for (const char c : plain.substr(token.begin, token.end - token.begin)) {
      if (c == '\n') {
        line += "\\n";
      } else if (c == '\r') {
        line += "\\r";
      } else if (c == '\\') {
        line += "\\\\";
      } else {
        line += c;
      }
    }
    at = token.end;
  }
  return line;
}

bool mentions_identifier(std::string_view expression, std::string_view name) {
  const SqlTokens scanned = scan_sql(expression);
  for (std::size_t i = 0; i < scanned.tokens.size(); ++i) {
    const SqlToken& token = scanned.tokens[i];
    const bool word =
        token.kind == SqlTokenKind::identifier || token.kind == SqlTokenKind::quoted_identifier;
    if (!word ||
        !names(expression.substr(token.begin, token.end - token.begin), token.kind, name)) {
      continue;
    }
    std::size_t after = i + 1;
    while (after < scanned.tokens.size() && scanned.tokens[after].kind == SqlTokenKind::comment) {
      ++after;
    }
    const bool function =
        after < scanned.tokens.size() && expression[scanned.tokens[after].begin] == '(';
    if (!function) return true;
  }
  return false;
}

}  // namespace backfill
