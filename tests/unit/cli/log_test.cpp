#include "cli/log.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/cli/sample_progress.hpp"

using namespace backfill;
using namespace backfill::cli;

namespace {

/// 2024-01-31 12:03:04.056 UTC
std::chrono::system_clock::time_point fixed_clock() {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds{1'706'702'584'056});
}

std::string logged(Log::Options options, const LogRecord& record) {
  std::string text;
  options.utc = true;
  Log log(std::move(options), [&text](std::string_view line) { text += line; }, fixed_clock);
  log.write(record);
  return text;
}

}  // namespace

TEST_CASE("a_text_line_has_time_level_event_and_message") {
  CHECK(logged({}, {run::Level::info, "copy", "42.1 % by rows"}) ==
        "12:03:04 INFO copy: 42.1 % by rows\n");
  CHECK(logged({}, {run::Level::warning, "retry", "deadlock in (10, 20]"}) ==
        "12:03:04 WARNING retry: deadlock in (10, 20]\n");
  CHECK(logged({}, {run::Level::error, "lease_lost", "x"}) == "12:03:04 ERROR lease_lost: x\n");
}

TEST_CASE("a_message_stays_on_one_line_and_percent_signs_are_text") {
  CHECK(logged({}, {run::Level::info, "e", "a\nb %v {} \x1b[2J"}) ==
        "12:03:04 INFO e: a b %v {}  [2J\n");
}

TEST_CASE("only_levels_from_the_chosen_one_up_are_written") {
  Log::Options options;
  options.level = run::Level::warning;
  CHECK(logged(options, {run::Level::info, "e", "m"}).empty());
  CHECK_FALSE(logged(options, {run::Level::warning, "e", "m"}).empty());
  options.level = run::Level::debug;
  CHECK(logged(options, {run::Level::debug, "e", "m"}) == "12:03:04 DEBUG e: m\n");
}

TEST_CASE("levels_have_colour_only_when_asked_for") {
  Log::Options options;
  options.colour = true;
  CHECK(logged(options, {run::Level::error, "e", "m"}) == "12:03:04 \x1b[31mERROR\x1b[0m e: m\n");
}

TEST_CASE("a_json_line_is_one_object_with_the_event_as_it_was_given") {
  Log::Options options;
  options.format = LogFormat::json;
  options.job = "emails";
  const std::string line = logged(options, {run::Level::warning, "retry", "dead\"lock\n{}%v"});
  CHECK(line == R"({"ts":"2024-01-31T12:03:04.056Z","level":"warning","event":"retry",)"
                R"("message":"dead\"lock\n{}%v","job":"emails"})"
                "\n");
}

TEST_CASE("json_survives_text_that_is_not_utf8") {
  Log::Options options;
  options.format = LogFormat::json;
  const auto json = nlohmann::json::parse(logged(options, {run::Level::info, "e", "a\xff"}));
  CHECK(json.at("message") == "a\uFFFD");
  CHECK(json.at("job").is_null());
}

TEST_CASE("json_progress_carries_the_figures") {
  Log::Options options;
  options.format = LogFormat::json;
  const Progress progress = sample_view().progress;
  const auto json =
      nlohmann::json::parse(logged(options, {run::Level::info, "progress", "m", &progress}));
  CHECK(json.at("progress").at("rows_done") == 842'000);
  CHECK(json.at("progress").at("phase") == "copy");
}
