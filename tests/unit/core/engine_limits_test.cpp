#include <chrono>

#include <catch2/catch.hpp>

#include "unit/core/engine_driver.hpp"

/// `limited_by`: what stops everything comes first, in a fixed order; then what leaves the least.
using namespace backfill;
using namespace backfill::test;
using namespace std::chrono_literals;

namespace {

SweepSettings settings_for(Purpose purpose, std::optional<std::int64_t> rows_per_second) {
  SweepSettings settings;
  settings.purpose = purpose;
  settings.pace.connections = 2;
  settings.whole_table = false;
  settings.safety.retries = 5;
  if (rows_per_second) settings.pace.rows_per_second = RowCount(*rows_per_second);
  return settings;
}

/// Two slots at work on two ranges of two batches of 100 keys each.
EngineDriver at_work(Purpose purpose = Purpose::copy,
                     std::optional<std::int64_t> rows_per_second = std::nullopt) {
  SweepSettings settings = settings_for(purpose, rows_per_second);
  settings.pace.batch.fixed_rows = RowCount(100);
  EngineDriver driver(settings, 2,
                      {known_range(1, "0", "20", 200), known_range(2, "20", "40", 200)});
  for (int i = 0; i < 2; ++i) {
    ProbeResult found;
    found.ticks.push_back({KeyValue{i == 0 ? "10" : "30"}, RowCount(100)});
    found.ticks.push_back({KeyValue{i == 0 ? "20" : "40"}, RowCount(100)});
    found.exhausted = true;
    driver.tell(ProbeDone{SlotId{i}, found});
  }
  REQUIRE(driver.count<StartBatch>() == 2);
  return driver;
}

BatchDone done(SlotId slot, std::int64_t rows, Duration time) {
  BatchDone event;
  event.slot = slot;
  event.rows = RowCount(rows);
  event.statement_time = time;
  return event;
}

}  // namespace

TEST_CASE("at_full_speed_nothing_limits") {
  CHECK(at_work().limited_by() == "nothing: at full speed");
}

TEST_CASE("what_stops_everything_is_named_in_a_fixed_order") {
  EngineDriver driver = at_work();
  driver.tell(PaceChanged{0.5, false, "lag of a 2 s of 5 s"});
  CHECK(driver.limited_by() == "slowed: lag of a 2 s of 5 s");
  driver.tell(SlotDown{SlotId{0}, error_of("57P01")});
  driver.tell(SlotDown{SlotId{1}, error_of("57P01")});
  CHECK(driver.limited_by() == "no connection: it did not go");
  driver.tell(PaceChanged{0.5, true, "lag of a 6 s of 5 s"});
  CHECK(driver.limited_by() == "stopped: lag of a 6 s of 5 s");
  driver.tell(StopRequested{false, "SIGINT"});
  CHECK(driver.limited_by() == "stopping: SIGINT");
  driver.tell(BatchFailed{SlotId{0}, error_of("42P01")});
  CHECK(driver.limited_by() == "failed: letting the batches in flight finish");
  driver.tell(LeaseLost{error_of("BF001")});
  CHECK(driver.limited_by() == "lease lost: letting go");
}

TEST_CASE("of_what_slows_the_work_the_one_that_leaves_the_least_is_named") {
  EngineDriver driver = at_work(Purpose::copy, 1'000);
  // 100 keys in 5 ms and two workers: 40,000 a second; the limit leaves a fortieth of that.
  driver.tell(PaceChanged{0.5, false, "lag of a 2 s of 5 s"});
  CHECK(driver.limited_by() == "slowed: lag of a 2 s of 5 s");
  driver.tell(done(SlotId{0}, 100, 5ms));
  CHECK(driver.limited_by() == "rows_per_second 1000");
  driver.tell(PaceChanged{0.01, false, "lag of a 4.9 s of 5 s"});
  CHECK(driver.limited_by() == "slowed: lag of a 4.9 s of 5 s");
  driver.tell(PaceChanged{1.0, false, ""});
  CHECK(driver.limited_by() == "rows_per_second 1000");
}

TEST_CASE("a_pace_that_rises_shortens_a_rest_and_does_not_end_it") {
  EngineDriver driver = at_work();
  driver.tell(PaceChanged{0.1, false, "lag"});
  driver.tell(done(SlotId{0}, 100, 100ms));
  const Instant ended = driver.now;
  driver.now += 50ms;
  driver.tell(PaceChanged{0.12, false, "lag"});
  CHECK(driver.count<StartBatch>() == 2);
  driver.tell(PaceChanged{0.5, false, "lag"});
  CHECK(driver.count<StartBatch>() == 2);
  driver.wake();
  CHECK(driver.now == ended + 100ms);
  CHECK(driver.count<StartBatch>() == 3);
}

TEST_CASE("a_pace_is_noted_when_its_reason_changes_or_it_moves_by_half_or_after_a_while") {
  EngineDriver driver = at_work();
  const int before = driver.count<Note>();
  const auto noted = [&] { return driver.count<Note>() - before; };
  const auto slowed = [&](double fraction, const std::string& text) {
    driver.tell(
        PaceChanged{fraction, false, "lag of " + text, false, "replica_lag:" + text.substr(0, 1)});
  };
  slowed(0.5, "a 2.0 s of 5 s");
  CHECK(noted() == 1);
  slowed(0.4, "a 2.2 s of 5 s");
  slowed(0.3, "a 2.4 s of 5 s");
  CHECK(noted() == 1);
  slowed(0.2, "a 2.9 s of 5 s");
  CHECK(noted() == 2);
  slowed(0.5, "a 2.0 s of 5 s");
  CHECK(noted() == 3);
  slowed(0.5, "b 2.0 s of 5 s");
  CHECK(noted() == 4);
  driver.now += 9s;
  slowed(0.45, "b 2.1 s of 5 s");
  CHECK(noted() == 4);
  driver.now += 1s;
  slowed(0.45, "b 2.1 s of 5 s");
  CHECK(noted() == 5);
  CHECK(driver.limited_by() == "slowed: lag of b 2.1 s of 5 s");
  driver.tell(PaceChanged{0.05, true, "lag of b 5.1 s of 5 s", false, "replica_lag:b"});
  CHECK(noted() == 6);
  driver.tell(PaceChanged{0.05, true, "pause", true, "pause"});
  CHECK(noted() == 7);
  driver.tell(PaceChanged{1.0, false, ""});
  CHECK(noted() == 8);
  CHECK(driver.last<Note>().text == "at full speed again");
}

TEST_CASE("a_pace_that_falls_lengthens_a_rest") {
  EngineDriver driver = at_work();
  driver.tell(PaceChanged{0.5, false, "lag"});
  driver.tell(done(SlotId{0}, 100, 100ms));
  const Instant ended = driver.now;
  driver.tell(PaceChanged{0.25, false, "lag"});
  driver.now += 100ms;
  driver.tell(Woken{});
  CHECK(driver.count<StartBatch>() == 2);
  driver.wake();
  CHECK(driver.now == ended + 300ms);
  CHECK(driver.count<StartBatch>() == 3);
}

TEST_CASE("a_slot_without_a_connection_and_ranges_set_aside_are_named_with_their_numbers") {
  EngineDriver driver = at_work();
  driver.tell(SlotDown{SlotId{1}, error_of("57P01")});
  CHECK(driver.limited_by() == "1 of 2 connections: it did not go");
  driver.tell(SlotUp{SlotId{1}});
  driver.tell(BatchFailed{SlotId{0}, error_of("55P03")});
  CHECK(driver.limited_by() == "waiting for rows locked in 1 range");
  driver.tell(BatchFailed{SlotId{1}, error_of("40P01")});
  CHECK(driver.limited_by() == "waiting to retry 2 ranges");
}

TEST_CASE("rows_per_second_limits_rows_changed_and_not_rows_counted") {
  EngineDriver copying = at_work(Purpose::copy, 1'000);
  copying.tell(done(SlotId{0}, 100, 5ms));
  CHECK(copying.count<StartBatch>() == 2);
  EngineDriver unchanged = at_work(Purpose::copy, 1'000);
  unchanged.tell(done(SlotId{0}, 0, 5ms));
  CHECK(unchanged.count<StartBatch>() == 3);
  EngineDriver counting = at_work(Purpose::verify, 1'000);
  counting.tell(done(SlotId{0}, 100, 5ms));
  CHECK(counting.count<StartBatch>() == 3);
  CHECK(counting.limited_by() == "nothing: at full speed");
}
