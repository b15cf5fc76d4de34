#include "config/source_text.hpp"

#include <algorithm>
#include <cstdint>

namespace backfill::config {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::size_t character_length(std::string_view text, std::size_t at) {
  std::size_t length = 1;
  while (at + length < text.size() && is_continuation(text[at + length])) ++length;
  return length;
}

/// The bytes that `\x41`, `\u00e9`, `\n`, … take in a double-quoted scalar.
std::size_t escape_length(std::string_view raw, std::size_t at) {
  if (at + 1 >= raw.size()) return 1;
  switch (raw[at + 1]) {
    case 'x': return 4;
    case 'u': return 6;
    case 'U': return 10;
    default: return 1 + character_length(raw, at + 1);
  }
}

/// The length of the valid UTF-8 sequence at `at`, or 0. Overlong forms and surrogates are not
/// valid.
std::size_t valid_sequence(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80U) return 1;
  const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || at + length > text.size()) return 0;
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[at + i])) return 0;
    code = (code << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800U && code <= 0xDFFFU;
  return code < smallest[length] || code > 0x10FFFFU || surrogate ? 0 : length;
}

bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20U && c != '\t' && c != '\n' && c != '\r') || byte == 0x7FU;
}

}  // namespace

SourceText::SourceText(std::string_view text) : text_(text), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const bool lone_return = text_[i] == '\r' && (i + 1 == text_.size() || text_[i + 1] != '\n');
    if (text_[i] == '\n' || lone_return) line_starts_.push_back(i + 1);
  }
}

Position SourceText::position_of(std::size_t byte) const {
  byte = std::min(byte, text_.size());
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), byte);
  const std::size_t start = *(after - 1);
  Position position{static_cast<int>(after - line_starts_.begin()), 1};
  for (std::size_t i = start; i < byte; ++i) {
    if (!is_continuation(text_[i])) ++position.column;
  }
  return position;
}

std::size_t SourceText::byte_of(const RawScalar& raw, std::string_view value,
                                std::size_t offset) const {
  const std::string_view source = text_.substr(raw.begin, raw.end - raw.begin);
  offset = std::min(offset, value.size());
  std::size_t at = 0;
  std::size_t read = 0;
  // The value and its source are walked side by side; blanks of the source that folding or
  // indentation took away are passed over before each character that is not blank.
  while (true) {
    const bool wants_blank = read < value.size() && is_blank(value[read]);
    while (at < source.size() && is_blank(source[at]) && !wants_blank) ++at;
    const bool escaped =
        raw.style == ScalarStyle::double_quoted && at < source.size() && source[at] == '\\';
    if (escaped && at + 1 < source.size() && is_blank(source[at + 1]) && source[at + 1] != ' ' &&
        source[at + 1] != '\t') {
      at += 2;  // an escaped line break stands for nothing
      continue;
    }
    if (read >= offset || at >= source.size() || read >= value.size()) break;
    const std::size_t character = character_length(value, read);
    if (read + character > offset) break;
    read += character;
    if (escaped) {
      at += escape_length(source, at);
    } else if (raw.style == ScalarStyle::single_quoted && source[at] == '\'') {
      at += 2;
    } else {
      at += character_length(source, at);
    }
  }
  if (read >= value.size()) {
    // The end of the value is where its last line ends, not where the next key begins.
    while (at > 0 && is_blank(source[at - 1])) --at;
  }
  return raw.begin + std::min(at, source.size());
}

std::optional<TextProblem> problem_of_encoding(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = valid_sequence(text, at);
    if (length == 0) return TextProblem{at, "the file is not valid UTF-8 here"};
    if (is_forbidden_control(text[at])) {
      return TextProblem{at, "a control character cannot stand in a job file"};
    }
    at += length;
  }
  return std::nullopt;
}

}  // namespace backfill::config
