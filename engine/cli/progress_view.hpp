#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backfill/progress.hpp"
#include "cli/glyphs.hpp"
#include "core/time.hpp"

/// Progress as people read it. Pure: the terminal and the clock are the caller's.
namespace backfill::cli {

struct ProgressView {
  std::string job;
  Progress progress;
  Duration elapsed{};  ///< since this command began
};

inline constexpr std::size_t block_lines_max = 5;

/// The live block: at most `block_lines_max` lines, none wider than `style.width`. A figure that is
/// still being measured says so or is left out; parts that do not fit go from the right.
[[nodiscard]] std::vector<std::string> progress_block(const ProgressView& view,
                                                      const DisplayStyle& style);

/// The same figures in one line, for logs.
[[nodiscard]] std::string progress_line(const Progress& progress);

/// What the display leaves behind: "1,203,990 rows changed · ran for 17 s · 412 batches".
[[nodiscard]] std::string progress_summary(const ProgressView& view);

/// Parts of lines which `status` shows as well. Empty or "measuring" when absent.
[[nodiscard]] std::string shares_text(const Progress& progress);
[[nodiscard]] std::string rows_text(const Progress& progress);
[[nodiscard]] std::string batch_text(const Progress& progress);
[[nodiscard]] std::string eta_text(const Progress& progress);

}  // namespace backfill::cli
