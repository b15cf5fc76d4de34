#include "core/sql_scan.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/sql_characters.hpp"

namespace backfill {
namespace {

/// One pass over the text; each `…_at` member reads the token that begins at `at_`.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  SqlTokens scan() {
    while (at_ < text_.size() && !found_.problem) {
      const std::size_t begin = at_;
      const std::optional<SqlTokenKind> kind = next();
      if (kind && !found_.problem) found_.tokens.push_back({*kind, begin, at_});
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool starts(std::string_view prefix) const {
    return text_.substr(at_).starts_with(prefix);
  }

  void fail(std::size_t offset, std::string message) {
    found_.problem = TextProblem{offset, std::move(message)};
    at_ = text_.size();
  }

  std::optional<SqlTokenKind> next() {
    const char c = peek();
    if (c == '\0') {
      fail(at_, "a NUL byte cannot stand in SQL");
      return std::nullopt;
    }
    if (is_sql_space(c)) {
      ++at_;
      return std::nullopt;
    }
    if (starts("--")) return line_comment();
    if (starts("/*")) return block_comment();
    if (c == '\'') return string(at_, false);
    if (c == '"') return quoted_identifier(at_);
    if (c == '$') return dollar();
    if (is_sql_digit(c) || (c == '.' && is_sql_digit(peek(1)))) return number();
    if (begins_identifier(c)) return word();
    ++at_;
    return SqlTokenKind::symbol;
  }

  SqlTokenKind line_comment() {
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return SqlTokenKind::comment;
  }

  SqlTokenKind block_comment() {
    const std::size_t begin = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      if (starts("/*")) {
        ++depth;
        at_ += 2;
      } else if (starts("*/")) {
        at_ += 2;
        if (--depth == 0) return SqlTokenKind::comment;
      } else {
        ++at_;
      }
    }
    fail(begin, "the comment has no closing */");
    return SqlTokenKind::comment;
  }

  /// `at_` stands on the opening quote; `begin` where the token does.
  SqlTokenKind string(std::size_t begin, bool escapes) {
    do {
      if (!string_piece(escapes)) {
        fail(begin, "the string has no closing '");
        return SqlTokenKind::string;
      }
    } while (continued_string());
    return SqlTokenKind::string;
  }

  bool string_piece(bool escapes) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (escapes && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '\'') {
        if (peek(1) != '\'') {
          ++at_;
          return true;
        }
        ++at_;
      }
    }
    at_ = text_.size();
    return false;
  }

  /// A string goes on in the next quotes when at least one line break stands between, with only
  /// blanks and `--` comments around it; its kind stays, so that E'…' still knows backslashes.
  bool continued_string() {
    bool line_break = false;
    std::size_t at = at_;
    while (at < text_.size()) {
      if (is_sql_space(text_[at])) {
        line_break = line_break || text_[at] == '\n' || text_[at] == '\r';
        ++at;
      } else if (text_.substr(at).starts_with("--")) {
        while (at < text_.size() && text_[at] != '\n' && text_[at] != '\r') ++at;
      } else {
        break;
      }
    }
    if (!line_break || at >= text_.size() || text_[at] != '\'') return false;
    at_ = at;
    return true;
  }

  SqlTokenKind quoted_identifier(std::size_t begin) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '"') continue;
      if (peek(1) != '"') {
        ++at_;
        return SqlTokenKind::quoted_identifier;
      }
      ++at_;
    }
    fail(begin, "the quoted name has no closing \"");
    return SqlTokenKind::quoted_identifier;
  }

  /// `$1`, `$tag$…$tag$`, or a lone `$`. A name that holds `$` never comes here.
  SqlTokenKind dollar() {
    const std::size_t begin = at_;
    ++at_;
    if (is_sql_digit(peek())) {
      while (is_sql_digit(peek())) ++at_;
      return SqlTokenKind::parameter;
    }
    std::size_t tag_end = at_;
    if (tag_end < text_.size() && begins_identifier(text_[tag_end])) {
      while (tag_end < text_.size() && text_[tag_end] != '$' &&
             continues_identifier(text_[tag_end])) {
        ++tag_end;
      }
    }
    if (tag_end >= text_.size() || text_[tag_end] != '$') return SqlTokenKind::symbol;
    const std::string_view tag = text_.substr(begin, tag_end + 1 - begin);
    const std::size_t close = text_.find(tag, tag_end + 1);
    if (close == std::string_view::npos) {
      fail(begin, fmt::format("the string has no closing {}", tag));
      return SqlTokenKind::string;
    }
    at_ = close + tag.size();
    return SqlTokenKind::string;
  }

  SqlTokenKind number() {
    while (is_sql_digit(peek()) || peek() == '.') ++at_;
    const bool exponent =
        (peek() == 'e' || peek() == 'E') &&
        (is_sql_digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && is_sql_digit(peek(2))));
    if (exponent) {
      at_ += 2;
      while (is_sql_digit(peek())) ++at_;
    }
    return SqlTokenKind::number;
  }

  SqlTokenKind word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && continues_identifier(text_[at_])) ++at_;
    const std::string prefix = fold_identifier(text_.substr(begin, at_ - begin));
    if (peek() == '\'' && prefix == "e") return string(begin, true);
    if (peek() == '\'' && (prefix == "b" || prefix == "x" || prefix == "n")) {
      return string(begin, false);
    }
    if (prefix == "u" && peek() == '&' && (peek(1) == '\'' || peek(1) == '"')) {
      ++at_;
      return peek() == '"' ? quoted_identifier(begin) : string(begin, false);
    }
    return SqlTokenKind::identifier;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  SqlTokens found_;
};

}  // namespace

SqlTokens scan_sql(std::string_view text) {
  return Scanner(text).scan();
}

}  // namespace backfill
