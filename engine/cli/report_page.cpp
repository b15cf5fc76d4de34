#include "cli/report_page.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "cli/figures.hpp"
#include "cli/help.hpp"
#include "cli/report_charts.hpp"
#include "cli/svg_chart.hpp"
#include "cli/work_time.hpp"
#include "core/duration_text.hpp"

namespace backfill::cli {

namespace {

using run::JobReport;

std::string time_text(double seconds) {
  return describe_duration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

std::string plural(std::int64_t count, std::string_view word) {
  return fmt::format("{} {}{}", grouped(count), word, count == 1 ? "" : "s");
}

/// Whether that ended well, badly, or not yet.
const char* class_of(std::string_view state) {
  if (state == "done") return "good";
  if (state == "failed" || state == "unproven" || state == "differences" || state == "killed") {
    return "bad";
  }
  return "wait";
}

double work_seconds(const JobReport& report) {
  double sum = 0;
  for (const StoredRun& run : report.runs) sum += run.took_s;
  return sum;
}

std::int64_t retries(const JobReport& report) {
  std::int64_t sum = 0;
  for (const StoredRun& run : report.runs) sum += run.retries;
  return sum;
}

double lost_seconds(const JobReport& report) {
  double sum = 0;
  for (const StoredRun& run : report.runs) {
    for (const auto& [reason, seconds] : run::parse_time_lost(run.time_lost)) sum += seconds;
  }
  return sum;
}

/// "2026-03-01 09:00:00.123456+00" to the second.
std::string without_fraction(std::string time) {
  const std::size_t dot = time.find('.');
  if (dot == std::string::npos) return time;
  return time.erase(dot, time.find_first_not_of("0123456789", dot + 1) - dot);
}

/// Of the sweeps that change rows, waits included.
std::string mean_rate(const JobReport& report) {
  std::int64_t rows = 0;
  double seconds = 0;
  for (const StoredSample& sample : report.samples) {
    const std::string word = sample.phase.substr(0, sample.phase.find(' '));
    if (word != "copy") continue;
    rows += sample.rows_passed;
    seconds += sample.span_s;
  }
  return seconds > 0 ? short_number(static_cast<double>(rows) / seconds) : std::string("–");
}

std::string sentence(const JobReport& report) {
  const run::JobStatus& job = report.status;
  std::string text;
  if (job.state == "done") {
    text = fmt::format("Done and proven{}",
                       job.finished_at ? " at " + without_fraction(*job.finished_at) : "");
  } else if (job.state == "unproven") {
    text = "Counts as done, but is not proven";
  } else {
    text = fmt::format("Not done: {} in phase {}", job.state, job.phase);
  }
  text += fmt::format(": {} changed", plural(job.progress.rows_changed.value, "row"));
  if (job.rows_quarantined > 0) {
    text += fmt::format(", {} in quarantine", plural(job.rows_quarantined, "row"));
  }
  if (!report.runs.empty()) {
    text += fmt::format(" in {} of work over {}", time_text(work_seconds(report)),
                        plural(static_cast<std::int64_t>(report.runs.size()), "run"));
  }
  return text + ".";
}

std::string head(const JobReport& report) {
  const run::JobStatus& job = report.status;
  std::string html =
      fmt::format("<header><h1>{} <span class=\"badge {}\">{}</span></h1>\n<p>{} · {} · {}</p>\n",
                  escaped(job.name), class_of(job.state), escaped(job.state), escaped(job.kind),
                  escaped(job.table), escaped(report.server));
  html += fmt::format("<p class=\"says\">{}</p>\n", escaped(sentence(report)));
  if (job.last_error) {
    html += fmt::format("<p class=\"says bad\">{}</p>\n", escaped(*job.last_error));
  }
  return html + "</header>\n";
}

std::string tiles(const JobReport& report) {
  const Progress& progress = report.status.progress;
  const auto tile = [](const std::string& figure, std::string_view label) {
    return fmt::format("<div><b>{}</b><span>{}</span></div>\n", escaped(figure), label);
  };
  return "<section class=\"tiles\">\n" + tile(grouped(progress.rows_changed), "rows changed") +
         tile(mean_rate(report), "rows a second in copy") +
         tile(time_text(work_seconds(report)), "of work") +
         tile(grouped(progress.batches), "batches") + tile(grouped(retries(report)), "retries") +
         tile(time_text(lost_seconds(report)), "lost to throttles and pauses") + "</section>\n";
}

std::string lost_text(const StoredRun& run) {
  std::string text;
  for (const auto& [reason, seconds] : most_expensive_first(run::parse_time_lost(run.time_lost))) {
    if (seconds < seconds_worth_telling) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, time_text(seconds));
  }
  return text.empty() ? "–" : text;
}

std::string runs_table(const JobReport& report) {
  if (report.runs.empty()) {
    return "<section><h2>Runs</h2><p class=\"none\">None was recorded: they were made by a version "
           "that did not.</p></section>\n";
  }
  std::string html =
      "<section><h2>Runs</h2><div class=\"wide\"><table><tr><th class=\"n\">#</th><th>command</th>"
      "<th>by</th><th>started</th><th class=\"n\">took</th><th>ended</th><th class=\"n\">rows "
      "changed</th><th class=\"n\">batches</th><th class=\"n\">retries</th><th>time lost</th></tr>"
      "\n";
  int number = 0;
  for (const StoredRun& run : report.runs) {
    const std::string word = run::ending_word(run);
    html += fmt::format(
        "<tr><td class=\"n\">{}</td><td>{}</td><td>{}<br>{}@{} pid {}</td><td class=\"t\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"{}\" title=\"{}\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
        ++number, escaped(run.command), escaped(run.role), escaped(run.os_user), escaped(run.host),
        run.pid, escaped(run.started_at), escaped(time_text(run.took_s)), class_of(word),
        escaped(run.outcome), escaped(word), grouped(run.rows_changed), grouped(run.batches),
        grouped(run.retries), escaped(lost_text(run)));
  }
  return html + "</table></div></section>\n";
}

std::string phases_table(const JobReport& report) {
  std::string html =
      "<section><h2>Phases</h2><div class=\"wide\"><table><tr><th>phase</th><th "
      "class=\"n\">pass</th><th>started</th><th class=\"n\">took</th></tr>\n";
  for (const StoredPhase& phase : report.phases) {
    html += fmt::format(
        "<tr><td><span class=\"key c{}\"></span>{}</td><td class=\"n\">{}</td><td "
        "class=\"t\">{}</td><td class=\"n\">{}</td></tr>\n",
        phase_colour(phase.phase), escaped(phase.phase), phase.pass, escaped(phase.started_at),
        phase.took_s ? escaped(time_text(*phase.took_s)) : "not ended");
  }
  return html + "</table></div></section>\n";
}

std::string settings_table(const JobReport& report) {
  if (report.status.settings.empty()) return {};
  std::string html =
      "<section><h2>Settings changed while it ran</h2><div class=\"wide\"><table><tr><th>setting"
      "</th><th>value</th><th>in the file</th><th>by</th><th>at</th></tr>\n";
  for (const run::ChangedSetting& setting : report.status.settings) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"t\">{}</td></tr>\n",
        escaped(setting.key), escaped(setting.value), escaped(setting.file_value),
        escaped(setting.by), escaped(setting.at));
  }
  return html + "</table></div></section>\n";
}

std::string events_table(const JobReport& report) {
  if (report.events.empty()) return {};
  std::string html = fmt::format(
      "<section><details><summary>Events ({})</summary><div class=\"wide\"><table><tr><th>at</th>"
      "<th>event</th><th>what</th></tr>\n",
      report.events.size());
  for (const StoredEvent& event : report.events) {
    html += fmt::format(
        "<tr><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"w\">{}</td></tr>\n",
        escaped(event.at), escaped(event.reason), escaped(event.text));
  }
  return html + "</table></div></details></section>\n";
}

}  // namespace

std::string report_page(const JobReport& report) {
  std::string version = version_text();
  version.pop_back();
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
      "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<title>{}: {}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
      escaped(report.status.name), escaped(report.status.state), report_style);
  html += head(report) + tiles(report) + report_charts(report) + runs_table(report) +
          phases_table(report) + settings_table(report);
  html += fmt::format("<section><h2>What it does</h2><pre>{}</pre></section>\n",
                      escaped(report.meaning));
  html += events_table(report);
  html += fmt::format("<footer>{}, {}</footer>\n</main>\n</body>\n</html>\n", escaped(version),
                      escaped(report.made_at));
  return html;
}

}  // namespace backfill::cli
