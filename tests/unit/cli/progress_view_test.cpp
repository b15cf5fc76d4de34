#include "cli/progress_view.hpp"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "unit/cli/sample_progress.hpp"

using namespace backfill;
using namespace backfill::cli;
using Lines = std::vector<std::string>;

TEST_CASE("the_live_block_shows_the_whole_picture_in_five_lines") {
  const Lines lines = progress_block(sample_view(), {100, true, false});
  CHECK(lines ==
        Lines{
            "emails · copy · 1 min 2 s elapsed",
            "[████████████████░░░░░░░░░░░░░░░░░░░░░░░░] 42.1 % by rows · 40.3 % by key position",
            "118k rows/s · 3–5 min left · 842,000 of 2,000,000 rows passed · 841,113 changed",
            "batch 5,000 rows in 12 ms · workers 2 of 4 · retries 3",
            "limited by lag of standby2 3.1 s of 5 s",
        });
}

TEST_CASE("without_utf8_the_live_block_is_ascii") {
  const Lines lines = progress_block(sample_view(), {80, false, false});
  CHECK(lines ==
        Lines{
            "emails, copy, 1 min 2 s elapsed",
            "[################-----------------------] 42.1 % by rows, 40.3 % by key position",
            "118k rows/s, 3-5 min left, 842,000 of 2,000,000 rows passed, 841,113 changed",
            "batch 5,000 rows in 12 ms, workers 2 of 4, retries 3",
            "limited by lag of standby2 3.1 s of 5 s",
        });
}

TEST_CASE("what_is_not_known_yet_is_being_measured") {
  ProgressView view;
  view.job = "emails";
  CHECK(progress_block(view, {80, true, false}) == Lines{
                                                       "emails · starting · 0 s elapsed",
                                                       "share done: measuring",
                                                       "rows/s: measuring · time left: measuring · "
                                                       "0 rows passed · 0 changed",
                                                   });
}

TEST_CASE("no_line_is_wider_than_the_terminal") {
  ProgressView view = sample_view();
  view.job = std::string(300, 'x') + "表表表";
  view.progress.limited_by = std::string(300, 'y');
  for (const bool utf8 : {true, false}) {
    for (std::size_t width = 1; width <= 160; ++width) {
      for (const std::string& line : progress_block(view, {width, utf8, false})) {
        CAPTURE(width, line);
        REQUIRE(columns_of(line) <= width);
      }
    }
  }
}

TEST_CASE("the_live_block_never_has_more_than_five_lines") {
  CHECK(progress_block(sample_view(), {80, true, true}).size() <= block_lines_max);
}

TEST_CASE("progress_beyond_the_estimate_reads_100_percent") {
  Progress progress = sample_view().progress;
  progress.fraction_rows = 1.3;
  progress.fraction_key = std::numeric_limits<double>::infinity();
  progress.keys_done = RowCount{2'500'000};
  CHECK(shares_text(progress) == "100.0 % by rows");
  CHECK(rows_text(progress) == "2,500,000 of 2,500,000 rows passed");
  const Lines lines = progress_block({"emails", progress, {}}, {70, true, false});
  CHECK(lines.at(1).find("░") == std::string::npos);
}

TEST_CASE("a_log_line_holds_the_same_figures") {
  CHECK(progress_line(sample_view().progress) ==
        "42.1 % by rows · 40.3 % by key position · 842,000 of 2,000,000 rows passed · "
        "841,113 changed · 118k rows/s · 3–5 min left · batch 5,000 rows in 12 ms · "
        "workers 2 of 4 · retries 3 · limited by lag of standby2 3.1 s of 5 s");
}

TEST_CASE("the_summary_names_changes_time_batches_and_retries") {
  ProgressView view = sample_view();
  CHECK(progress_summary(view) ==
        "841,113 rows changed · ran for 1 min 2 s · 168 batches · retries 3");
  view.progress.retries = 0;
  CHECK(progress_summary(view) == "841,113 rows changed · ran for 1 min 2 s · 168 batches");
}

TEST_CASE("a_limit_cannot_break_the_block_by_a_newline") {
  ProgressView view = sample_view();
  view.progress.limited_by = "query\n\x1b[2J";
  for (const std::string& line : progress_block(view, {80, true, false})) {
    CHECK(std::none_of(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\x1b'; }));
  }
}
