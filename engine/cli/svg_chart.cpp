#include "cli/svg_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/duration_text.hpp"

namespace backfill::cli {

namespace {

constexpr double width = 960;
constexpr double left = 64;
constexpr double right = 12;
constexpr double top_edge = 14;
constexpr double plot_height = 150;
constexpr double bottom = 22;
constexpr int scale_steps = 4;
/// From there on decimal fractions of a time are no round numbers any more.
constexpr double long_time_s = 60;
constexpr std::size_t pointed_parts = 160;
constexpr double letters_wide = 7.2;  ///< of the phases' names
constexpr std::size_t colours = 8;

double plot_width() {
  return width - left - right;
}

std::string seconds_text(double seconds) {
  if (seconds <= 0) return "0";
  return describe_duration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

/// The axes of one chart.
struct Frame {
  double length_s;
  Scale scale;

  [[nodiscard]] double x_of(double seconds) const {
    return left + plot_width() * (length_s > 0 ? seconds / length_s : 0);
  }
  [[nodiscard]] double x_of_part(std::size_t part, std::size_t parts) const {
    return left + plot_width() * static_cast<double>(part) / static_cast<double>(parts);
  }
  [[nodiscard]] double y_of(double value) const {
    const double highest = scale.top();
    const double share = highest > 0 ? std::clamp(value / highest, 0.0, 1.0) : 0;
    return top_edge + plot_height * (1 - share);
  }
};

std::string grid(const Frame& frame, const Chart& chart) {
  std::string svg;
  for (int step = 0; step <= frame.scale.steps; ++step) {
    const double value = frame.scale.step * step;
    const double y = frame.y_of(value);
    svg +=
        fmt::format("<line class=\"{}\" x1=\"{:.0f}\" x2=\"{:.0f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
                    step == 0 ? "axis" : "grid", left, width - right, y, y);
    svg += fmt::format("<text class=\"tick end\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>", left - 8,
                       y + 4, escaped(chart.text(value)));
  }
  const double step = time_step(frame.length_s);
  for (double at = 0; step > 0 && at <= frame.length_s * 1.0001; at += step) {
    const double x = frame.x_of(at);
    const char* anchor = at == 0 ? "tick" : x > width - right - 30 ? "tick end" : "tick mid";
    svg += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.0f}\">{}</text>", anchor, x,
                       top_edge + plot_height + 16, escaped(seconds_text(at)));
  }
  for (const Mark& run : chart.runs) {
    const double x = frame.x_of(run.at_s);
    svg += fmt::format(
        "<line class=\"run\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.0f}\" y2=\"{2:.0f}\">"
        "<title>{3}</title></line>",
        x, top_edge, top_edge + plot_height, escaped(run.text));
  }
  return svg;
}

/// The outline of an area between two rows of values, for each stretch that has any.
std::string area(const Frame& frame, const std::vector<std::optional<double>>& upper,
                 const std::vector<double>& lower, std::size_t colour) {
  std::string path;
  const std::size_t count = upper.size();
  for (std::size_t from = 0; from < count;) {
    if (!upper[from]) {
      ++from;
      continue;
    }
    std::size_t to = from;
    while (to < count && upper[to]) ++to;
    path += fmt::format("M{:.1f} {:.1f}", frame.x_of_part(from, count), frame.y_of(lower[from]));
    for (std::size_t at = from; at < to; ++at) {
      const double y = frame.y_of(*upper[at]);
      path += fmt::format("L{:.1f} {:.1f}L{:.1f} {:.1f}", frame.x_of_part(at, count), y,
                          frame.x_of_part(at + 1, count), y);
    }
    for (std::size_t at = to; at > from; --at) {
      const double y = frame.y_of(lower[at - 1]);
      path += fmt::format("L{:.1f} {:.1f}L{:.1f} {:.1f}", frame.x_of_part(at, count), y,
                          frame.x_of_part(at - 1, count), y);
    }
    path += "Z";
    from = to;
  }
  return fmt::format("<path class=\"area c{}\" d=\"{}\"/>", colour % colours, path);
}

std::string line(const Frame& frame, const Series& series) {
  std::string path;
  const std::size_t count = series.values.size();
  bool drawing = false;
  for (std::size_t at = 0; at < count; ++at) {
    if (!series.values[at]) {
      drawing = false;
      continue;
    }
    const double y = frame.y_of(*series.values[at]);
    path += fmt::format("{}{:.1f} {:.1f}L{:.1f} {:.1f}", drawing ? "L" : "M",
                        frame.x_of_part(at, count), y, frame.x_of_part(at + 1, count), y);
    drawing = true;
  }
  return fmt::format("<path class=\"{} c{}\" d=\"{}\"/>", series.thin ? "thin" : "line",
                     series.colour % colours, path);
}

std::string stacked(const Frame& frame, const Chart& chart) {
  std::string svg;
  std::vector<double> lower;
  for (const Series& series : chart.series) {
    lower.resize(series.values.size(), 0);
    std::vector<std::optional<double>> upper;
    std::vector<double> next = lower;
    for (std::size_t at = 0; at < series.values.size(); ++at) {
      const std::optional<double>& value = series.values[at];
      upper.push_back(value && *value > 0 ? std::optional(lower[at] + *value) : std::nullopt);
      next[at] = upper.back().value_or(lower[at]);
    }
    svg += area(frame, upper, lower, series.colour);
    lower = std::move(next);
  }
  return svg;
}

/// Strips that show their values where one points.
std::string pointed(const Frame& frame, const Chart& chart) {
  std::string svg;
  if (chart.series.empty()) return svg;
  const std::size_t parts = chart.series.front().values.size();
  const std::size_t strips = std::min(parts, pointed_parts);
  for (std::size_t strip = 0; strip < strips; ++strip) {
    const std::size_t part = strip * parts / strips;
    std::string text =
        seconds_text(frame.length_s * static_cast<double>(part) / static_cast<double>(parts));
    for (const Series& series : chart.series) {
      const std::optional<double>& value = series.values[part];
      if (!value || (chart.stacked && *value <= 0)) continue;
      text += fmt::format("\n{}: {}", series.name, chart.text(*value));
    }
    svg += fmt::format(
        "<rect class=\"strip\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"{:.0f}\">"
        "<title>{}</title></rect>",
        frame.x_of_part(strip, strips), top_edge, plot_width() / static_cast<double>(strips),
        plot_height, escaped(text));
  }
  return svg;
}

double largest(const Chart& chart) {
  double most = 0;
  for (const Series& series : chart.series) {
    for (const auto& value : series.values) most = std::max(most, value.value_or(0));
  }
  return most;
}

bool continues_utf8(unsigned char byte) {
  return (byte & 0xC0U) == 0x80;
}

/// The bytes of the UTF-8 character that begins there; 0 where none does.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues_utf8(static_cast<unsigned char>(text[at + i]))) return 0;
  }
  const auto second = length > 1 ? static_cast<unsigned char>(text[at + 1]) : 0;
  // Longer forms than needed, surrogates, and what lies beyond Unicode.
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const char character = text[at];
    const std::size_t length = utf8_length(text, at);
    const auto byte = static_cast<unsigned char>(character);
    const bool control = (byte < 0x20 && character != '\n' && character != '\t') || byte == 0x7F;
    if (length == 0 || control) {
      safe += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    switch (character) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += text.substr(at, length);
    }
    at += length;
  }
  return safe;
}

double round_above(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 2.5, 5.0}) {
    if (value <= step * power * 1.000001) return step * power;
  }
  return 10 * power;
}

Scale scale_up_to(double largest, bool of_time) {
  Scale scale;
  scale.step =
      of_time && largest > long_time_s ? time_step(largest) : round_above(largest / scale_steps);
  if (largest > 0 && std::isfinite(largest)) {
    scale.steps = std::max(1, static_cast<int>(std::ceil(largest / scale.step - 1e-6)));
  }
  return scale;
}

double time_step(double length_s) {
  static constexpr std::array<double, 21> steps{0.1,  0.2,  0.5,  1,     2,     5,     10,
                                                15,   30,   60,   120,   300,   600,   900,
                                                1800, 3600, 7200, 10800, 21600, 43200, 86400};
  if (!(length_s > 0)) return 0;
  for (const double step : steps) {
    if (length_s / step <= 7) return step;
  }
  return 86400 * std::ceil(length_s / 86400 / 7);
}

std::string svg_chart(const Chart& chart) {
  const Scale scale = chart.top ? Scale{*chart.top / scale_steps, scale_steps}
                                : scale_up_to(largest(chart), chart.of_time);
  const Frame frame{chart.length_s, scale};
  std::string svg =
      fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">", width,
                  top_edge + plot_height + bottom, escaped(chart.label));
  std::string drawn;
  if (chart.stacked) {
    drawn = stacked(frame, chart);
  } else {
    for (const Series& series : chart.series) {
      const std::vector<double> floor(series.values.size(), 0);
      if (series.filled) drawn += area(frame, series.values, floor, series.colour);
      drawn += line(frame, series);
    }
  }
  svg += grid(frame, chart) + drawn + pointed(frame, chart);
  return svg + "</svg>\n";
}

std::size_t phase_colour(std::string_view phase) {
  const std::string_view word = phase.substr(0, phase.find(' '));
  static constexpr std::array<std::string_view, 6> known{"copy",   "enforce", "verify",
                                                         "repair", "switch",  "add"};
  const auto found = std::ranges::find(known, word);
  return found == known.end() ? colours - 1 : static_cast<std::size_t>(found - known.begin());
}

std::string svg_phases(const std::vector<Mark>& phases, double length_s) {
  constexpr double height = 24;
  const Frame frame{length_s, {}};
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"phases\">", width, height + 2);
  for (std::size_t at = 0; at < phases.size(); ++at) {
    const double ends = at + 1 < phases.size() ? phases[at + 1].at_s : length_s;
    const double x = frame.x_of(phases[at].at_s);
    const double wide = std::max(1.0, frame.x_of(ends) - x);
    const std::string name = escaped(phases[at].text);
    svg += fmt::format(
        "<rect class=\"band c{}\" x=\"{:.1f}\" y=\"1\" width=\"{:.1f}\" height=\"{:.0f}\" rx=\"3\">"
        "<title>{}: {}</title></rect>",
        phase_colour(phases[at].text), x, std::max(1.0, wide - 1), height, name,
        escaped(seconds_text(ends - phases[at].at_s)));
    if (wide > letters_wide * static_cast<double>(phases[at].text.size()) + 12) {
      svg += fmt::format("<text class=\"name\" x=\"{:.1f}\" y=\"{:.0f}\">{}</text>", x + wide / 2,
                         height / 2 + 5, name);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace backfill::cli
