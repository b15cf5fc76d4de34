#include "cli/live_display.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/glyphs.hpp"

namespace backfill::cli {

namespace {

/// Columns without our colour sequences (ESC … m).
std::size_t visible_columns(std::string_view line) {
  std::string plain;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\x1b') {
      at = std::min(line.find('m', at), line.size());
    } else {
      plain += line[at];
    }
  }
  return columns_of(plain);
}

}  // namespace

LiveDisplay::LiveDisplay(Writer writer, Size size)
    : writer_(std::move(writer)), size_(std::move(size)) {}

std::string LiveDisplay::erase() const {
  // A window made narrower since has wrapped our lines: the block is taller than it was drawn.
  const ScreenSize size = size_();
  const std::size_t columns = std::max<std::size_t>(size.columns, 1);
  std::size_t rows = 0;
  for (const std::string& line : lines_) {
    rows += std::max<std::size_t>((visible_columns(line) + columns - 1) / columns, 1);
  }
  if (rows == 0) return {};
  return fmt::format("\r\x1b[{}A\x1b[J", rows);
}

std::string LiveDisplay::drawn() const {
  std::string text;
  for (const std::string& line : lines_) text.append(line).append("\n");
  return text;
}

void LiveDisplay::show(std::vector<std::string> lines) {
  std::string text = erase();
  // The cursor needs a line of its own under the block, or the screen scrolls at each drawing.
  const std::size_t room = std::max<std::size_t>(size_().rows, 2) - 1;
  if (lines.size() > room) lines.resize(room);
  lines_ = std::move(lines);
  writer_(text + drawn());
}

void LiveDisplay::print_above(std::string_view text) {
  writer_(erase().append(text) + drawn());
}

void LiveDisplay::clear() {
  if (lines_.empty()) return;
  const std::string text = erase();
  lines_.clear();
  writer_(text);
}

}  // namespace backfill::cli
