#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"

namespace backfill::cli {

/// A block of lines at the foot of a terminal which is drawn over itself. The cursor rests on the
/// line under the block. One write a drawing, so that nothing flickers.
class LiveDisplay {
 public:
  using Writer = std::function<void(std::string_view)>;
  using Size = std::function<ScreenSize()>;

  LiveDisplay(Writer writer, Size size);

  /// Draws these lines in the place of the last ones.
  void show(std::vector<std::string> lines);
  /// Writes lines that stay, above the block.
  void print_above(std::string_view text);
  /// Takes the block away.
  void clear();

 private:
  /// The escape sequence that takes the cursor to the top of the block and wipes it.
  [[nodiscard]] std::string erase() const;
  [[nodiscard]] std::string drawn() const;

  Writer writer_;
  Size size_;
  std::vector<std::string> lines_;
};

}  // namespace backfill::cli
