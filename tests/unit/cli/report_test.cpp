#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "cli/json_output.hpp"
#include "cli/report_page.hpp"
#include "cli/reports.hpp"
#include "cli/svg_chart.hpp"
#include "cli/work_time.hpp"

using namespace backfill;
using namespace backfill::cli;

namespace {

StoredSample sample(std::int64_t epoch, double span_s, std::string phase, std::int64_t rows) {
  StoredSample made;
  made.epoch = epoch;
  made.span_s = span_s;
  made.phase = std::move(phase);
  made.rows_passed = rows;
  return made;
}

StoredRun killed_run() {
  StoredRun run;
  run.job = "emails";
  run.command = "run";
  run.role = "app";
  run.os_user = "deploy";
  run.host = "build7";
  run.pid = 4711;
  run.started_at = "2026-03-01 09:00:00+00";
  run.took_s = 312;
  run.rows_changed = 1234567;
  run.batches = 90;
  run.retries = 2;
  run.time_lost = R"({"lock_wait": 0.25, "replica_lag": 42.0, "slot_wal": 0.05})";
  return run;
}

run::JobReport hostile_report() {
  run::JobReport report;
  report.status.name = "<b>\"x\" & 'y'</b>";
  report.status.kind = "backfill";
  report.status.table = "\"public\".\"</title><script>\"";
  report.status.state = "failed";
  report.status.phase = "copy";
  report.status.last_error = "</p><img src=x onerror=alert(1)> \xC3\x28 \x01";
  report.meaning = "set a = '</pre><script>'";
  report.server = "PostgreSQL 15.7, database <db>";
  report.runs = {killed_run()};
  report.runs[0].outcome = "\"><script>";
  report.runs[0].time_lost = R"({"<i>": 1})";
  report.samples = {sample(1, 2, "<copy>", 10)};
  report.samples[0].time_lost = R"({"</text><script>": 1})";
  report.phases = {{"<copy>", 1, "now", 0, std::nullopt}};
  report.events = {{"now", 0, "error", "</td><script>", "<a href=x>"}};
  return report;
}

std::size_t count_of(const std::string& text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("a_text_in_a_page_is_a_text_and_nothing_else") {
  CHECK(escaped("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  CHECK(escaped("line\nnext\ttab") == "line\nnext\ttab");
  CHECK(escaped("größer 東京 😀") == "größer 東京 😀");
  CHECK(escaped("\xFF"
                "a\xC3"
                "b\xE2\x82") ==
        "\uFFFD"
        "a\uFFFD"
        "b\uFFFD\uFFFD");
  CHECK(escaped("\xC0\xAF") == "\uFFFD\uFFFD");            // an overlong slash
  CHECK(escaped("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");  // a surrogate
  CHECK(escaped(std::string_view("\0\x1b", 2)) == "\uFFFD\uFFFD");
}

TEST_CASE("whatever_a_job_holds_adds_no_element_to_its_page") {
  const std::string page = report_page(hostile_report());
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<img") == std::string::npos);
  CHECK(page.find("<a ") == std::string::npos);
  CHECK(page.find("<b>&quot;x") == std::string::npos);
  CHECK(count_of(page, "</title>") == count_of(page, "<title>"));
  CHECK(page.find("http:") == std::string::npos);
  CHECK(page.find("&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/b&gt;") != std::string::npos);
}

TEST_CASE("a_page_of_a_job_without_runs_and_samples_says_so") {
  run::JobReport report;
  report.status.name = "old";
  report.status.state = "done";
  const std::string page = report_page(report);
  CHECK(page.find("No samples were kept") != std::string::npos);
  CHECK(page.find("None was recorded") != std::string::npos);
  CHECK(page.find("nan") == std::string::npos);
}

TEST_CASE("the_axis_of_a_report_is_the_time_of_work") {
  const std::vector<WorkSpan> spans = work_spans(
      {sample(1, 10, "copy", 100), sample(1, 0, "copy", 5), sample(3, 30, "verify", 600)});
  REQUIRE(spans.size() == 2);  // a span without time is none
  CHECK(work_length(spans) == 40);
  CHECK(spans[1].from_s == 10);
  CHECK(spans[1].passed_per_second == 20);
  REQUIRE(phase_marks(spans).size() == 2);
  CHECK(phase_marks(spans)[1].text == "verify");
  REQUIRE(run_marks(spans).size() == 1);
  CHECK(run_marks(spans)[0].at_s == 10);
}

TEST_CASE("parts_of_the_axis_have_the_mean_by_time_or_the_worst") {
  std::vector<WorkSpan> spans =
      work_spans({sample(1, 1, "copy", 10), sample(1, 3, "copy", 60), sample(1, 4, "copy", 0)});
  const auto rate = [](const WorkSpan& span) { return std::optional(span.passed_per_second); };
  const auto mean = in_parts(spans, 2, rate, false);
  CHECK(mean[0] == Approx((10.0 * 1 + 20.0 * 3) / 4));
  CHECK(mean[1] == Approx(0));
  CHECK(*in_parts(spans, 2, rate, true)[0] == Approx(20));
  const auto lag = [](const WorkSpan& span) { return span.lag_s; };
  spans[2].lag_s = 3;
  CHECK_FALSE(in_parts(spans, 2, lag, true)[0].has_value());
  CHECK(in_parts(spans, 2, lag, true)[1] == 3.0);
  CHECK_FALSE(in_parts({}, 2, rate, false)[0].has_value());
}

TEST_CASE("reasons_of_lost_time_come_with_the_most_expensive_first") {
  std::vector<StoredSample> samples{sample(1, 1, "copy", 1), sample(1, 1, "copy", 1)};
  samples[0].time_lost = R"({"lock_wait": 0.2, "replica_lag": 0.1})";
  samples[1].time_lost = R"({"replica_lag": 0.3, "broken": "x"})";
  const auto lost = lost_by_reason(work_spans(samples));
  REQUIRE(lost.size() == 2);
  CHECK(lost[0].first == "replica_lag");
  CHECK(lost[0].second == Approx(0.4));
}

TEST_CASE("scales_end_at_round_numbers") {
  CHECK(round_above(0) == 1);
  CHECK(round_above(1) == 1);
  CHECK(round_above(1.2) == 2);
  CHECK(round_above(2.3) == 2.5);
  CHECK(round_above(51000) == 100000);
  CHECK(round_above(0.03) == Approx(0.05));
  for (const double length : {0.5, 3.0, 59.0, 3600.0, 90000.0, 6e5, 4e7}) {
    INFO(length);
    CHECK(length / time_step(length) <= 7);
    CHECK(time_step(length) > 0);
  }
}

TEST_CASE("the_lines_of_a_scale_are_round_and_the_largest_value_is_not_above_them") {
  for (const double largest : {1.0, 7.3, 95.0, 247'810.0, 1e6, 3.4e9}) {
    INFO(largest);
    const Scale scale = scale_up_to(largest, false);
    CHECK(scale.top() >= largest);
    CHECK(scale.step == Approx(round_above(scale.step)));
    CHECK(scale.steps <= 4);
  }
  CHECK(scale_up_to(247'810, false).step == 100'000);
  CHECK(scale_up_to(247'810, false).steps == 3);
  CHECK(scale_up_to(0, false).steps == 1);
  CHECK(scale_up_to(200, true).step == 30);  // half minutes rather than fifties
  CHECK(scale_up_to(7.3, true).step == 2);
}

TEST_CASE("a_report_shows_the_rows_that_were_changed_and_thinly_those_passed") {
  run::JobReport report;
  report.status.state = "done";
  report.samples = {sample(1, 1, "copy", 4000), sample(1, 1, "copy", 0)};
  report.samples[0].rows_changed = 1000;
  const std::string page = report_page(report);
  CHECK_THAT(page, Catch::Contains("passed: 4k\nchanged: 1k"));
  CHECK_THAT(page, Catch::Contains("<text class=\"tick end\" x=\"56\" y=\"18.0\">4k</text>"));
  // Over both seconds: the one that was lost to a wait is part of it.
  CHECK_THAT(page, Catch::Contains("<b>2.00k</b><span>rows a second in copy"));
}

TEST_CASE("a_series_with_gaps_is_drawn_in_pieces") {
  Chart chart;
  chart.length_s = 4;
  chart.text = [](double value) { return fmt::format("{}", value); };
  chart.series.push_back({"x", 1, {1.0, std::nullopt, 2.0, 2.0}, true});
  const std::string svg = svg_chart(chart);
  CHECK(count_of(svg, "<path") == 2);
  const std::size_t at = svg.find("class=\"line");
  CHECK(count_of(svg.substr(at, svg.find("/>", at) - at), "M") == 2);
  CHECK(svg.find("nan") == std::string::npos);
}

TEST_CASE("the_history_says_who_when_how_long_and_at_what_cost") {
  DisplayStyle style;
  style.width = 400;
  CHECK(history_table({killed_run()}, style) ==
        "STARTED                 JOB     COMMAND  BY                         TOOK  ENDED        "
        "ROWS  "
        "BATCHES  RETRIES  TIME LOST\n"
        "2026-03-01 09:00:00+00  emails  run      app (deploy@build7)  5 min 12 s  killed  "
        "1,234,567  "
        "     90        2  replica_lag 42 s, lock_wait 250 ms\n");
}

TEST_CASE("the_history_for_programs_has_every_figure") {
  const std::string json = history_json({killed_run()});
  CHECK_THAT(json, Catch::Contains("\"ending\": \"killed\""));
  CHECK_THAT(json, Catch::Contains("\"exit_code\": null"));
  CHECK_THAT(json, Catch::Contains("\"replica_lag\": 42.0"));
  CHECK(history_json({}) == "[]\n");
}

TEST_CASE("a_run_without_an_end_runs_while_it_shows_itself_and_was_killed_otherwise") {
  StoredRun run = killed_run();
  CHECK(run::ending_word(run) == "killed");
  run.live = true;
  CHECK(run::ending_word(run) == "running");
  const std::vector<std::pair<int, std::string>> words{{0, "done"},    {1, "failed"},
                                                       {3, "refused"}, {4, "differences"},
                                                       {5, "stopped"}, {6, "taken over"}};
  for (const auto& [code, word] : words) {
    run.exit_code = code;
    CHECK(run::ending_word(run) == word);
  }
}
