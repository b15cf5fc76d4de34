#include "cli/console_observer.hpp"

#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/cli/sample_progress.hpp"
#include "unit/cli/screen_model.hpp"

using namespace backfill;
using namespace backfill::cli;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

namespace {

/// A run whose clock the test turns.
struct FakeRun {
  ScreenModel screen;
  std::string raw;
  Duration now{};

  ConsoleObserver::Surroundings surroundings() {
    return {[this](std::string_view text) {
              raw += text;
              screen.write(text);
            },
            [] { return ScreenSize{90, 24}; }, [this] { return now; },
            [] { return std::chrono::system_clock::time_point(seconds{1'706'702'584}); }};
  }
};

ConsoleObserver::Options options(bool live) {
  ConsoleObserver::Options options;
  options.job = "emails";
  options.live = live;
  options.log.job = "emails";
  options.log.utc = true;
  options.log.utf8 = false;
  return options;
}

Progress in_phase(std::string phase) {
  Progress progress = sample_view().progress;
  progress.phase = std::move(phase);
  return progress;
}

}  // namespace

TEST_CASE("status_lines_come_after_5_seconds_then_every_30_and_at_each_phase") {
  StatusCadence cadence;
  CHECK_FALSE(cadence.due("add", seconds{0}));
  CHECK(cadence.due("copy", seconds{1}));
  CHECK_FALSE(cadence.due("copy", seconds{6}));
  CHECK_FALSE(cadence.due("copy", seconds{30}));
  CHECK(cadence.due("copy", seconds{31}));
  CHECK(cadence.due("verify", seconds{32}));
  CHECK_FALSE(cadence.due("verify", seconds{61}));
  CHECK(cadence.due("verify", seconds{62}));

  StatusCadence quiet;
  CHECK_FALSE(quiet.due("copy", milliseconds{4'900}));
  CHECK(quiet.due("copy", seconds{5}));
}

TEST_CASE("on_a_terminal_log_lines_and_live_block_do_not_mix") {
  FakeRun run;
  ConsoleObserver observer(options(true), run.surroundings());
  observer.message(run::Level::info, "phase_started", "copy: 2,000,000 rows");
  observer.progress(in_phase("copy"));
  observer.message(run::Level::warning, "retry", "deadlock");
  const Lines lines = run.screen.lines();
  REQUIRE(lines.size() == 7);
  CHECK(lines[0] == "12:03:04 INFO phase_started: copy: 2,000,000 rows");
  CHECK(lines[1] == "12:03:04 WARNING retry: deadlock");
  CHECK(lines[2] == "emails, copy, 0 s elapsed");
  CHECK(lines[6] == "limited by lag of standby2 3.1 s of 5 s");
}

TEST_CASE("the_live_block_is_drawn_no_more_than_five_times_a_second") {
  FakeRun run;
  ConsoleObserver observer(options(true), run.surroundings());
  observer.progress(in_phase("copy"));
  const std::size_t drawn = run.raw.size();
  run.now = milliseconds{100};
  observer.progress(in_phase("copy"));
  CHECK(run.raw.size() == drawn);
  observer.progress(in_phase("verify"));
  CHECK(run.raw.size() > drawn);
  const std::size_t redrawn = run.raw.size();
  run.now = milliseconds{350};
  observer.progress(in_phase("verify"));
  CHECK(run.raw.size() > redrawn);
}

TEST_CASE("at_the_end_one_summary_line_is_left_of_the_live_block") {
  FakeRun run;
  ConsoleObserver observer(options(true), run.surroundings());
  observer.progress(in_phase("copy"));
  run.now = seconds{62};
  observer.finish();
  observer.progress(in_phase("copy"));
  observer.finish();
  CHECK(run.screen.lines() ==
        Lines{"12:03:04 INFO summary: 841,113 rows changed, ran for 1 min 2 s, 168 batches, "
              "retries 3"});
}

TEST_CASE("without_a_terminal_no_escape_sequence_is_written") {
  FakeRun run;
  ConsoleObserver observer(options(false), run.surroundings());
  observer.progress(in_phase("copy"));
  CHECK(run.raw.empty());
  run.now = seconds{5};
  observer.progress(in_phase("copy"));
  observer.progress(in_phase("verify"));
  observer.finish();
  CHECK(run.raw.find('\x1b') == std::string::npos);
  const Lines lines = run.screen.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("12:03:04 INFO copy: 42.1 % by rows, 40.3 % by key position, "));
  CHECK(lines[1].starts_with("12:03:04 INFO verify: "));
  CHECK(lines[2].starts_with("12:03:04 INFO summary: "));
}

TEST_CASE("no_progress_leaves_log_lines_alone") {
  for (const bool live : {true, false}) {
    FakeRun run;
    ConsoleObserver::Options quiet = options(live);
    quiet.progress = false;
    ConsoleObserver observer(quiet, run.surroundings());
    run.now = seconds{60};
    observer.progress(in_phase("copy"));
    observer.message(run::Level::info, "phase_started", "copy");
    observer.finish();
    CHECK(run.raw == "12:03:04 INFO phase_started: copy\n");
  }
}

TEST_CASE("with_json_logs_every_line_is_an_object_even_on_a_terminal") {
  FakeRun run;
  ConsoleObserver::Options json = options(true);
  json.log.format = LogFormat::json;
  ConsoleObserver observer(json, run.surroundings());
  run.now = seconds{5};
  observer.progress(in_phase("copy"));
  observer.message(run::Level::warning, "retry", "deadlock");
  observer.finish();
  std::istringstream lines(run.raw);
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);) {
    events.push_back(nlohmann::json::parse(line).at("event"));
  }
  CHECK(events == Lines{"progress", "retry", "summary"});
}
