#include "backfill/key.hpp"

#include <algorithm>
#include <string_view>

namespace backfill {

bool hashable(const Key& key) {
  return !key.columns.empty() &&
         std::ranges::none_of(key.columns, [](const KeyColumn& c) { return c.hash.empty(); });
}
namespace {

/// Long enough for a uuid, a timestamp or an e-mail address; a message stays one readable line.
constexpr std::size_t shown_bytes_max = 48;

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Cut between characters, never within one: the result stays valid UTF-8.
std::string shortened(std::string_view text) {
  if (text.size() <= shown_bytes_max) return std::string(text);
  std::size_t length = shown_bytes_max - std::string_view("…").size();
  while (length > 0 && continues_character(text[length])) --length;
  return std::string(text.substr(0, length)) + "…";
}

/// A key text may hold line breaks; a message may not.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char byte) { return static_cast<unsigned char>(byte) < ' '; }, ' ');
  return text;
}

}  // namespace

std::string to_string(const KeyValue& value) {
  if (value.size() == 1) return printable(shortened(value.front()));
  std::string text = "(";
  for (const auto& part : value) {
    if (text.size() > 1) text += ", ";
    text += printable(shortened(part));
  }
  return text + ")";
}

std::string to_string(const KeyRange& range) {
  const auto end_text = [](const std::optional<KeyValue>& end) {
    return end ? to_string(*end) : std::string("…");
  };
  return "(" + end_text(range.after) + ", " + end_text(range.through) + "]";
}

std::string to_string(const KeyRange& range, RowCount keys) {
  return keys == RowCount{1} && range.through ? "key " + to_string(*range.through)
                                              : to_string(range);
}

}  // namespace backfill
