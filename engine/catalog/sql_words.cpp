#include "catalog/sql_words.hpp"

#include <algorithm>
#include <utility>

namespace backfill {
namespace {

using Kind = SqlWord::Kind;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
/// Every byte of a character beyond ASCII may stand in a name.
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80U;
}
bool continues_name(char c) {
  return starts_name(c) || is_digit(c) || c == '$';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  SqlWords scan() {
    while (at_ < sql_.size() && !result_.problem) {
      if (is_blank(sql_[at_])) {
        ++at_;
      } else if (next_is("--")) {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (next_is("/*")) {
        skip_comment();
      } else {
        word();
      }
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool next_is(std::string_view text) const {
    return sql_.substr(at_).starts_with(text);
  }
  [[nodiscard]] char peek(std::size_t ahead) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }

  void add(Kind kind, std::string text, std::size_t end) {
    result_.words.push_back({kind, std::move(text), at_, end - at_});
    at_ = end;
  }

  /// Comments nest in PostgreSQL.
  void skip_comment() {
    int depth = 0;
    do {
      if (next_is("/*")) {
        ++depth;
        at_ += 2;
      } else if (next_is("*/")) {
        --depth;
        at_ += 2;
      } else if (at_ >= sql_.size()) {
        result_.problem = "a comment that begins with /* never ends";
        return;
      } else {
        ++at_;
      }
    } while (depth > 0);
  }

  void word() {
    const char c = sql_[at_];
    const char prefix = lower(c);
    if (c == '\'') return quoted('\'', 1, false, Kind::string);
    if (c == '"') return quoted('"', 1, false, Kind::quoted_identifier);
    if (peek(1) == '\'' && (prefix == 'e' || prefix == 'b' || prefix == 'x' || prefix == 'n')) {
      return quoted('\'', 2, prefix == 'e', Kind::string);
    }
    if (prefix == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
      return quoted(peek(2), 3, false, peek(2) == '"' ? Kind::quoted_identifier : Kind::string);
    }
    if (starts_name(c)) return name();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '$' && is_digit(peek(1))) return parameter();
    if (c == '$') return dollar();
    add(Kind::symbol, std::string(1, c), at_ + 1);
  }

  /// A doubled quote stands for itself; in an E string so does whatever a backslash is before.
  void quoted(char quote, std::size_t skip, bool escapes, Kind kind) {
    std::string text;
    for (std::size_t i = at_ + skip; i < sql_.size(); ++i) {
      if (escapes && sql_[i] == '\\' && i + 1 < sql_.size()) {
        text += sql_[++i];
      } else if (sql_[i] != quote) {
        text += sql_[i];
      } else if (i + 1 < sql_.size() && sql_[i + 1] == quote) {
        text += sql_[++i];
      } else {
        return add(kind, std::move(text), i + 1);
      }
    }
    result_.problem = quote == '"' ? "a quoted name never ends" : "a string never ends";
  }

  void name() {
    std::string text;
    std::size_t end = at_;
    while (end < sql_.size() && continues_name(sql_[end])) text += lower(sql_[end++]);
    add(Kind::identifier, std::move(text), end);
  }

  void number() {
    std::size_t end = at_;
    while (end < sql_.size() && (continues_name(sql_[end]) || sql_[end] == '.')) ++end;
    add(Kind::number, std::string{sql_.substr(at_, end - at_)}, end);
  }

  void parameter() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && is_digit(sql_[end])) ++end;
    add(Kind::parameter, std::string{sql_.substr(at_, end - at_)}, end);
  }

  /// `$tag$ … $tag$`, or a lone dollar that the server will complain about.
  void dollar() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && continues_name(sql_[end]) && sql_[end] != '$') ++end;
    if (end >= sql_.size() || sql_[end] != '$') return add(Kind::symbol, "$", at_ + 1);
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    const std::size_t body = end + 1;
    const std::size_t close = sql_.find(tag, body);
    if (close == std::string_view::npos) {
      result_.problem = "a string that begins with " + std::string{tag} + " never ends";
      return;
    }
    add(Kind::string, std::string{sql_.substr(body, close - body)}, close + tag.size());
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  SqlWords result_;
};

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// The whole operator for a symbol, as the server's messages print it.
std::string written_word(std::string_view expression, const SqlWord& word) {
  constexpr std::string_view operators = "+-*/<>=~!@#%^&|`?";
  std::size_t end = word.at + word.size;
  if (word.kind == Kind::symbol && operators.find(expression[word.at]) != std::string_view::npos) {
    while (end < expression.size() && operators.find(expression[end]) != std::string_view::npos) {
      ++end;
    }
  }
  return std::string{expression.substr(word.at, end - word.at)};
}

}  // namespace

SqlWords read_sql_words(std::string_view sql) {
  return Scanner(sql).scan();
}

std::optional<std::string> shape_problem(std::string_view expression) {
  const SqlWords read = read_sql_words(expression);
  if (read.problem) return read.problem;
  if (read.words.empty()) return "it is empty";
  std::string open;
  for (const SqlWord& word : read.words) {
    if (word.kind == Kind::parameter) {
      return word.text + " is a parameter, and an expression takes none";
    }
    if (word.kind != Kind::symbol) continue;
    const char c = word.text.front();
    if (c == ';') return "a semicolon ends it too early";
    if (c == '(' || c == '[') open += c == '(' ? ')' : ']';
    if (c != ')' && c != ']') continue;
    if (open.empty() || open.back() != c) return "it closes a bracket that it has not opened";
    open.pop_back();
  }
  if (!open.empty()) return "it opens a bracket that it does not close";
  return std::nullopt;
}

bool mentions(const SqlWords& expression, std::string_view name) {
  return std::ranges::any_of(expression.words, [name](const SqlWord& word) {
    return (word.kind == Kind::identifier || word.kind == Kind::quoted_identifier) &&
           word.text == name;
  });
}

std::optional<SqlPlace> locate(std::string_view expression, int offset) {
  if (offset < 0) return std::nullopt;
  SqlPlace place;
  std::size_t at = 0;
  for (; at < expression.size() && offset > 0; --offset) {
    const bool line_break = expression[at] == '\n';
    ++at;
    while (at < expression.size() && continues_character(expression[at])) ++at;
    place.line += line_break ? 1 : 0;
    place.column = line_break ? 1 : place.column + 1;
  }
  // One more for the line break that we put behind an expression.
  if (offset > 1) return std::nullopt;
  for (const SqlWord& word : read_sql_words(expression).words) {
    if (word.at <= at && at < word.at + word.size) place.word = written_word(expression, word);
  }
  return place;
}

int character_count(std::string_view text) {
  return static_cast<int>(
      std::ranges::count_if(text, [](char c) { return !continues_character(c); }));
}

}  // namespace backfill
