#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// A terminal as far as our display needs one: text, newline, carriage return, cursor up (ESC [ n
/// A) and erase to the end (ESC [ J). ASCII, without wrapping.
class ScreenModel {
 public:
  void write(std::string_view text) {
    while (!text.empty()) {
      if (text.front() == '\x1b') {
        text.remove_prefix(escape(text));
        continue;
      }
      put(text.front());
      text.remove_prefix(1);
    }
  }

  /// The lines without the empty one that the cursor rests on.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> shown = lines_;
    while (!shown.empty() && shown.back().empty()) shown.pop_back();
    return shown;
  }

 private:
  std::size_t escape(std::string_view text) {
    const std::size_t end = text.find_first_of("AJm");
    const std::string count(text.substr(2, end - 2));
    if (text[end] == 'A') row_ -= std::min(row_, static_cast<std::size_t>(std::stoul(count)));
    if (text[end] == 'J') {
      lines_.resize(row_ + 1);
      lines_[row_].resize(std::min(column_, lines_[row_].size()));
    }
    return end + 1;
  }

  void put(char letter) {
    if (letter == '\r') {
      column_ = 0;
    } else if (letter == '\n') {
      column_ = 0;
      if (++row_ == lines_.size()) lines_.emplace_back();
    } else {
      std::string& line = lines_[row_];
      if (line.size() <= column_) line.resize(column_ + 1, ' ');
      line[column_++] = letter;
    }
  }

  std::vector<std::string> lines_{""};
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};
