#include "cli/report_charts.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "cli/figures.hpp"
#include "cli/svg_chart.hpp"
#include "cli/work_time.hpp"
#include "core/duration_text.hpp"

namespace backfill::cli {

namespace {

/// More reasons than these share one colour.
constexpr std::size_t reasons_shown = 6;

using Spans = std::vector<WorkSpan>;

std::string seconds_text(double seconds) {
  return describe_duration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

/// "25k" rather than "25.0k": the lines of a scale are round.
std::string scale_number(double value) {
  if (!(value > 0)) return "0";
  std::string text = short_number(value);
  const std::size_t dot = text.find('.');
  if (dot == std::string::npos) return text;
  const std::size_t unit = std::min(text.find_first_not_of("0123456789", dot + 1), text.size());
  std::size_t kept = unit;
  while (text[kept - 1] == '0') --kept;
  if (kept == dot + 1) kept = dot;
  return text.erase(kept, unit - kept);
}

std::string milliseconds_text(double milliseconds) {
  return milliseconds > 0 ? seconds_text(milliseconds / 1000) : std::string("0");
}

Chart chart_over(const Spans& spans, std::string label) {
  Chart chart;
  chart.label = std::move(label);
  chart.length_s = work_length(spans);
  chart.runs = run_marks(spans);
  return chart;
}

std::string figure(std::string_view title, std::string_view note, const std::string& svg,
                   std::string_view kind = {}) {
  return fmt::format("<figure class=\"{}\"><figcaption><b>{}</b>{}</figcaption>\n{}</figure>\n",
                     kind, title, note, svg);
}

std::string key_of(std::size_t colour, std::string_view text) {
  return fmt::format("<span><i class=\"key c{}\"></i>{}</span>", colour, escaped(text));
}

enum class Sweeps { changing, comparing };

bool is_of(const WorkSpan& span, Sweeps sweeps) {
  const std::string word = span.phase.substr(0, span.phase.find(' '));
  if (sweeps == Sweeps::comparing) return word.ends_with("verify");
  return word == "copy" || word == "repair" || word == "orphans";
}

/// Comparing is many times faster than changing: on one scale nothing would be seen of the other.
std::string rate_figure(const Spans& spans, Sweeps sweeps) {
  const bool comparing = sweeps == Sweeps::comparing;
  const auto concerned = [sweeps](const WorkSpan& span) { return is_of(span, sweeps); };
  if (comparing && std::ranges::none_of(spans, concerned)) return {};
  Chart chart = chart_over(spans, comparing ? "rows compared a second" : "rows a second");
  chart.text = scale_number;
  const auto passed = [concerned](const WorkSpan& span) {
    return concerned(span) ? std::optional(span.passed_per_second) : std::nullopt;
  };
  const auto changed = [concerned](const WorkSpan& span) {
    return concerned(span) ? std::optional(span.changed_per_second) : std::nullopt;
  };
  if (comparing) {
    chart.series.push_back(
        {"rows/s", phase_colour("verify"), in_parts(spans, chart_parts, passed, false), true});
    return figure("Rows compared a second", "<span>by the proof</span>", svg_chart(chart));
  }
  const std::size_t colour = phase_colour("copy");
  chart.series.push_back(
      {"passed", colour, in_parts(spans, chart_parts, passed, false), false, true});
  chart.series.push_back({"changed", colour, in_parts(spans, chart_parts, changed, false), true});
  return figure("Rows a second",
                "<span>changed; the thin line also counts those that needed no change</span>",
                svg_chart(chart));
}

std::string batch_figure(const Spans& spans) {
  Chart chart = chart_over(spans, "milliseconds of a batch");
  chart.text = milliseconds_text;
  const auto mean = [](const WorkSpan& span) { return span.batch_ms; };
  const auto most = [](const WorkSpan& span) { return span.batch_ms_max; };
  chart.series.push_back({"worst", 2, in_parts(spans, chart_parts, most, true), false, true});
  chart.series.push_back({"mean", 2, in_parts(spans, chart_parts, mean, false), true});
  return figure("Time of a batch", "<span>its statement: mean, and above it the worst</span>",
                svg_chart(chart));
}

std::string lag_figure(const Spans& spans) {
  const auto lag = [](const WorkSpan& span) { return span.lag_s; };
  const auto any = [](const WorkSpan& span) { return span.lag_s.has_value(); };
  if (std::ranges::none_of(spans, any)) {
    return figure("Lag of standbys", {}, "<p class=\"none\">There was none to watch.</p>\n");
  }
  Chart chart = chart_over(spans, "lag of the standby furthest behind");
  chart.text = [](double value) { return value > 0 ? seconds_text(value) : "0"; };
  chart.of_time = true;
  chart.series.push_back({"lag", 4, in_parts(spans, chart_parts, lag, true), true});
  return figure("Lag of standbys", "<span>of the one furthest behind, at its worst</span>",
                svg_chart(chart));
}

std::string size_figure(const Spans& spans) {
  Chart chart = chart_over(spans, "rows of a batch");
  chart.text = scale_number;
  const auto size = [](const WorkSpan& span) { return span.batch_rows; };
  chart.series.push_back({"rows", 5, in_parts(spans, chart_parts, size, false), true});
  return figure("Size of a batch", "<span>rows, as the target time allows</span>",
                svg_chart(chart));
}

/// The share of its time that a reason cost, in percent.
double lost_share(const WorkSpan& span, const std::vector<std::string>& reasons) {
  double lost = 0;
  for (const std::string& reason : reasons) {
    const auto found = span.lost_s.find(reason);
    if (found != span.lost_s.end()) lost += found->second;
  }
  return std::clamp(100 * lost / (span.to_s - span.from_s), 0.0, 100.0);
}

std::string throttle_figure(const Spans& spans) {
  auto lost = lost_by_reason(spans);
  std::erase_if(lost, [](const auto& each) { return each.second < seconds_worth_telling; });
  if (lost.empty()) {
    return figure("What it waited for", {},
                  "<p class=\"none\">No throttle and no pause cost it time worth telling.</p>\n");
  }
  Chart chart = chart_over(spans, "share of the time lost, by reason");
  chart.stacked = true;
  chart.top = 100;
  chart.text = [](double value) { return fmt::format("{:.0f} %", value); };
  std::string keys;
  for (std::size_t at = 0; at < std::min(lost.size(), reasons_shown); ++at) {
    const bool last = at + 1 == reasons_shown && lost.size() > reasons_shown;
    std::vector<std::string> reasons;
    double seconds = 0;
    for (std::size_t of = at; of < (last ? lost.size() : at + 1); ++of) {
      reasons.push_back(lost[of].first);
      seconds += lost[of].second;
    }
    const std::string name = last ? "others" : lost[at].first;
    const std::size_t colour = (at + 1) % 7;
    const auto share = [reasons](const WorkSpan& span) {
      return std::optional(lost_share(span, reasons));
    };
    chart.series.push_back({name, colour, in_parts(spans, chart_parts, share, false)});
    keys += key_of(colour, fmt::format("{} {}", name, seconds_text(seconds)));
  }
  return figure("What it waited for", "<span>share of the time lost</span>" + keys,
                svg_chart(chart), "stack");
}

std::string phases_figure(const Spans& spans) {
  return figure("Phases", {}, svg_phases(phase_marks(spans), work_length(spans)));
}

}  // namespace

std::string report_charts(const run::JobReport& report) {
  const Spans spans = work_spans(report.samples);
  if (spans.empty()) {
    return "<section><h2>Over time</h2><p class=\"none\">No samples were kept of this job."
           "</p></section>\n";
  }
  std::string html = fmt::format("<section><h2>Over {} of work</h2>\n<div class=\"wide charts\">\n",
                                 escaped(seconds_text(work_length(spans))));
  html += phases_figure(spans) + rate_figure(spans, Sweeps::changing) + throttle_figure(spans) +
          lag_figure(spans) + batch_figure(spans) + size_figure(spans) +
          rate_figure(spans, Sweeps::comparing);
  return html + "</div>\n</section>\n";
}

}  // namespace backfill::cli
