#include "core/deparsed_words.hpp"

#include <algorithm>
#include <array>

namespace backfill {

namespace {

/// Words that format_type prints behind the first one of a type, all of them names that a column
/// may have too.
constexpr std::array<std::string_view, 14> type_words{
    "precision", "varying", "with", "without", "time",   "zone", "year",
    "month",     "day",     "hour", "minute",  "second", "to",   "character"};
constexpr std::array<std::string_view, 7> long_types{"double", "character", "bit",     "national",
                                                     "time",   "timestamp", "interval"};

template <std::size_t N>
bool any_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

DeparsedWords::DeparsedWords(std::string_view sql) : sql_(sql), tokens_(scan_sql(sql).tokens) {
  std::erase_if(tokens_, [](const SqlToken& token) { return token.kind == SqlTokenKind::comment; });
}

std::string_view DeparsedWords::text(std::size_t at) const {
  if (at >= tokens_.size()) return {};
  return sql_.substr(tokens_[at].begin, tokens_[at].end - tokens_[at].begin);
}

std::optional<std::string> DeparsedWords::name(std::size_t at) const {
  if (at >= tokens_.size()) return std::nullopt;
  if (tokens_[at].kind == SqlTokenKind::identifier) return std::string(text(at));
  if (tokens_[at].kind != SqlTokenKind::quoted_identifier) return std::nullopt;
  const std::string_view quoted = text(at);
  std::string plain;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    plain += quoted[i];
    if (quoted[i] == '"') ++i;
  }
  return plain;
}

bool DeparsedWords::is_keyword(std::size_t at) const {
  return at < tokens_.size() && tokens_[at].kind == SqlTokenKind::identifier &&
         text(at).front() >= 'A' && text(at).front() <= 'Z';
}

std::size_t DeparsedWords::skip_name(std::size_t at) const {
  if (!name(at)) return at;
  ++at;
  while (is(at, ".") && name(at + 1)) at += 2;
  return at;
}

std::size_t DeparsedWords::skip_bracket(std::size_t at) const {
  std::size_t depth = 0;
  for (; at < tokens_.size(); ++at) {
    if (is(at, "(")) ++depth;
    if (is(at, ")") && --depth == 0) return at + 1;
  }
  return at;
}

std::vector<std::string> DeparsedWords::split_bracket(std::size_t at) const {
  std::vector<std::string> parts;
  const std::size_t end = skip_bracket(at);
  std::size_t begin = at + 1;
  std::size_t depth = 0;
  for (std::size_t i = at + 1; i < end; ++i) {
    const bool last = i + 1 == end;
    if (!last && (is(i, "(") || is(i, "["))) ++depth;
    if (!last && (is(i, ")") || is(i, "]"))) --depth;
    if (!last && (depth > 0 || !is(i, ","))) continue;
    if (i > begin) {
      const std::size_t from = tokens_[begin].begin;
      parts.emplace_back(sql_.substr(from, tokens_[i - 1].end - from));
    }
    begin = i + 1;
  }
  return parts;
}

std::size_t DeparsedWords::skip_type_words(std::size_t at) const {
  const bool is_long = any_of(long_types, text(at));
  at = skip_name(at);
  if (is(at, "(")) at = skip_bracket(at);
  while (is_long && any_of(type_words, text(at))) {
    ++at;
    if (is(at, "(")) at = skip_bracket(at);
  }
  while (is(at, "[") && is(at + 1, "]")) at += 2;
  return at;
}

std::size_t DeparsedWords::skip_type(std::size_t at) const {
  const bool cast = is(at, ":") && is(at + 1, ":") && name(at + 2);
  return cast ? skip_type_words(at + 2) : at;
}

}  // namespace backfill
