#pragma once

#include <string>
#include <string_view>

/// The character classes of PostgreSQL's lexer (src/backend/parser/scan.l). Bytes above 127 are
/// letters: in UTF-8, whatever they spell, the server sees part of a name.
namespace backfill {

[[nodiscard]] constexpr bool is_sql_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

[[nodiscard]] constexpr bool is_sql_digit(char c) {
  return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool begins_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

[[nodiscard]] constexpr bool continues_identifier(char c) {
  return begins_identifier(c) || is_sql_digit(c) || c == '$';
}

/// Lower case for ASCII letters alone: what the server does to an unquoted name in UTF-8.
[[nodiscard]] inline std::string fold_identifier(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace backfill
