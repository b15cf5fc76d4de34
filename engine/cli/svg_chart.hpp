#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/work_time.hpp"

/// Charts as inline SVG. Pure. Colours are CSS classes of the page: `c0` to `c7`.
namespace backfill::cli {

/// Text in HTML, SVG and their attributes: markup loses its meaning, and control characters and
/// broken UTF-8 become U+FFFD.
[[nodiscard]] std::string escaped(std::string_view text);

/// One line or area over the parts of the axis.
struct Series {
  std::string name;
  std::size_t colour = 0;
  std::vector<std::optional<double>> values;
  bool filled = false;
  bool thin = false;  ///< drawn lightly: a bound rather than the matter itself
};

struct Chart {
  std::string label;  ///< for those who do not see it
  double length_s = 0;
  std::vector<Mark> runs;  ///< a dashed line each
  std::vector<Series> series;
  bool stacked = false;       ///< the series stand on each other
  std::optional<double> top;  ///< of the scale; absent: a line of the scale above the largest value
  bool of_time = false;       ///< the values are seconds: beyond a minute its lines are, too
  /// The value of the scale, and of the text that is shown where one points.
  std::function<std::string(double)> text;
};

[[nodiscard]] std::string svg_chart(const Chart& chart);

/// The phases as a band, each with its name where there is room.
[[nodiscard]] std::string svg_phases(const std::vector<Mark>& phases, double length_s);

/// The colour of a phase: that of its first word.
[[nodiscard]] std::size_t phase_colour(std::string_view phase);

/// The parts that an axis is cut into.
inline constexpr std::size_t chart_parts = 320;

/// A round number at or above: 1, 2, 2.5 or 5 times a power of ten.
[[nodiscard]] double round_above(double value);

/// The lines of a scale, from 0: round numbers, at most four steps up to the largest value or
/// above.
struct Scale {
  double step = 1;
  int steps = 1;
  [[nodiscard]] double top() const { return step * steps; }
};
[[nodiscard]] Scale scale_up_to(double largest, bool of_time);

/// Steps for an axis of time: of seconds, minutes, hours or days, at most seven of them.
[[nodiscard]] double time_step(double length_s);

}  // namespace backfill::cli
