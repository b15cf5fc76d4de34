#include "cli/glyphs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace backfill::cli {

namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

/// The code point at the start of `text`; a broken byte counts as one column of its own.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  const std::size_t bytes = lead < 0x80   ? 1
                            : lead < 0xC2 ? 1
                            : lead < 0xE0 ? 2
                            : lead < 0xF0 ? 3
                                          : 4;
  if (bytes == 1 || bytes > text.size()) return {lead, 1};
  std::uint32_t value = lead & (0xFFU >> (bytes + 1));
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xC0U) != 0x80U) return {lead, 1};
    value = value << 6U | (byte(at) & 0x3FU);
  }
  return {value, bytes};
}

struct Block {
  std::uint32_t first;
  std::uint32_t last;
};

bool within(const auto& blocks, std::uint32_t value) {
  return std::any_of(blocks.begin(), blocks.end(), [value](const Block& block) {
    return block.first <= value && value <= block.last;
  });
}

std::size_t columns_of(std::uint32_t code_point) {
  static constexpr std::array<Block, 6> without_width{{
      {0x0300, 0x036F},
      {0x200B, 0x200F},
      {0x202A, 0x202E},
      {0x20D0, 0x20FF},
      {0xFE00, 0xFE0F},
      {0xFE20, 0xFE2F},
  }};
  static constexpr std::array<Block, 8> wide{{
      {0x1100, 0x115F},
      {0x2E80, 0xA4CF},
      {0xAC00, 0xD7A3},
      {0xF900, 0xFAFF},
      {0xFE30, 0xFE6F},
      {0xFF00, 0xFF60},
      {0x1F300, 0x1FAFF},
      {0x20000, 0x3FFFD},
  }};
  if (within(without_width, code_point)) return 0;
  return within(wide, code_point) ? 2 : 1;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    columns += columns_of(point.value);
    text.remove_prefix(point.bytes);
  }
  return columns;
}

std::string fitted(std::string_view text, std::size_t columns, bool utf8) {
  if (columns_of(text) <= columns) return std::string(text);
  const std::string_view ellipsis = utf8 ? "…" : "...";
  const std::size_t ellipsis_columns = utf8 ? 1 : 3;
  if (columns < ellipsis_columns) return std::string(columns, '.');
  std::size_t bytes = 0;
  std::size_t used = 0;
  while (bytes < text.size()) {
    const CodePoint point = first_code_point(text.substr(bytes));
    const std::size_t more = columns_of(point.value);
    if (used + more > columns - ellipsis_columns) break;
    used += more;
    bytes += point.bytes;
  }
  return std::string(text.substr(0, bytes)).append(ellipsis);
}

std::string plain_typography(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> ours{{
      {" · ", ", "},
      {"–", "-"},
      {"…", "..."},
      {"±", "+-"},
  }};
  std::string plain(text);
  for (const auto& [from, to] : ours) replace_all(plain, from, to);
  return plain;
}

std::string without_controls(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const bool control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    // A lone byte of 0x80..0x9F is no character at all in UTF-8, so it goes with the controls.
    clean.append(control ? std::string_view(" ") : text.substr(0, point.bytes));
    text.remove_prefix(point.bytes);
  }
  return clean;
}

}  // namespace backfill::cli
