#include <chrono>

#include <catch2/catch.hpp>

#include "core/engine_implementation.hpp"
#include "unit/core/engine_driver.hpp"

using namespace backfill;
using namespace backfill::test;
using namespace std::chrono_literals;

namespace {

SweepSettings settings_with(int retries) {
  SweepSettings settings;
  settings.safety.retries = retries;
  settings.pace.connections = 1;
  settings.pace.batch.min_rows = RowCount(1);
  settings.whole_table = false;
  return settings;
}

/// The one range of the sweep is known, and its boundaries have been found.
EngineDriver with_batch_of(std::int64_t keys, int retries, std::string through = "90") {
  EngineDriver driver(settings_with(retries), 1, {known_range(1, "0", through, keys)});
  ProbeResult found;
  found.ticks.push_back({KeyValue{through}, RowCount(keys)});
  found.exhausted = true;
  driver.tell(ProbeDone{SlotId{0}, found});
  REQUIRE(driver.last<StartBatch>().batch.keys == RowCount(keys));
  return driver;
}

BatchDone done(SlotId slot, std::int64_t rows) {
  BatchDone event;
  event.slot = slot;
  event.rows = RowCount(rows);
  event.statement_time = 5ms;
  return event;
}

/// What the next transaction is given to record when a batch of `changed` rows has recorded that.
std::vector<RowsToRecord> left_to_record(std::int64_t changed, std::optional<RowCount> recorded) {
  EngineDriver driver = with_batch_of(10, 2);
  BatchDone event = done(SlotId{0}, changed);
  event.recorded = recorded;
  driver.tell(event);
  return driver.last<Finish>().record;
}

}  // namespace

TEST_CASE("only_what_a_batch_has_not_recorded_itself_is_left_to_record") {
  CHECK(left_to_record(7, RowCount{7}).empty());
  CHECK(left_to_record(0, RowCount{0}).empty());
  CHECK(left_to_record(7, std::nullopt) ==
        std::vector<RowsToRecord>{{.range = RangeId{1}, .rows = RowCount{7}}});
  CHECK(left_to_record(0, std::nullopt) ==
        std::vector<RowsToRecord>{{.range = RangeId{1}, .rows = RowCount{0}}});
  CHECK(left_to_record(7, RowCount{9}) ==
        std::vector<RowsToRecord>{{.range = RangeId{1}, .rows = RowCount{-2}}});
}

TEST_CASE("a_batch_cancelled_for_a_waiter_is_tried_again_smaller_and_uses_up_no_retries") {
  EngineDriver driver = with_batch_of(1, 2);
  for (int i = 0; i < 200; ++i) {
    driver.tell(WaiterSeen{SlotId{0}, "session 7"});
    driver.tell(BatchFailed{SlotId{0}, error_of("57014")});
    CHECK(driver.count<Finish>() == 0);
    while (driver.count<StartBatch>() == i + 1) driver.wake();
  }
  driver.tell(done(SlotId{0}, 1));
  CHECK(driver.last<Finish>().how == Finish::How::completed);
}

TEST_CASE("after_giving_way_the_same_keys_come_back_in_half_the_size") {
  EngineDriver driver = with_batch_of(400, 2);
  driver.tell(WaiterSeen{SlotId{0}, "session 7"});
  driver.tell(BatchFailed{SlotId{0}, error_of("57014")});
  while (driver.count<StartProbe>() == 1) driver.wake();
  CHECK(driver.last<StartProbe>().probe.every == RowCount(200));
}

TEST_CASE("for_a_waiter_a_lost_cancel_request_is_repeated_soon") {
  EngineDriver driver = with_batch_of(400, 2);
  driver.tell(WaiterSeen{SlotId{0}, "session 7"});
  CHECK(driver.count<CancelSlot>() == 1);
  const Instant asked = driver.now;
  driver.wake();
  CHECK(driver.count<CancelSlot>() == 2);
  CHECK(driver.now - asked == cancel_interval_for_waiter);
}

TEST_CASE("a_waiter_hurries_the_cancel_request_of_a_batch_that_is_cancelled_already") {
  EngineDriver driver = with_batch_of(400, 2);
  driver.tell(StopRequested{true, "SIGINT"});
  CHECK(driver.count<CancelSlot>() == 1);
  driver.now += 100ms;
  const Instant seen = driver.now;
  for (int i = 0; i < 3; ++i) driver.tell(WaiterSeen{SlotId{0}, "session 7"});
  CHECK(driver.count<CancelSlot>() == 1);
  driver.wake();
  CHECK(driver.count<CancelSlot>() == 2);
  CHECK(driver.now - seen == cancel_interval_for_waiter);
}

TEST_CASE("a_statement_timeout_of_the_servers_own_does_use_up_retries") {
  EngineDriver driver = with_batch_of(1, 2);
  for (int i = 0; i < 3; ++i) {
    CHECK(driver.count<Finish>() == 0);
    driver.tell(BatchFailed{SlotId{0}, error_of("57014")});
    while (driver.count<Finish>() == 0 && driver.count<StartBatch>() == i + 1) driver.wake();
  }
  CHECK(driver.last<Finish>().how == Finish::How::failed);
}

TEST_CASE("a_lock_that_never_frees_ends_the_job_and_names_the_key") {
  EngineDriver driver = with_batch_of(1, 2, "7777");
  int tries = 0;
  while (driver.count<Finish>() == 0) {
    REQUIRE(++tries <= 100);
    const int before = driver.count<StartBatch>();
    driver.tell(BatchFailed{SlotId{0}, error_of("55P03")});
    while (driver.count<Finish>() == 0 && driver.count<StartBatch>() == before) driver.wake();
  }
  CHECK(tries == 10 * 2 + 1);
  const Finish finish = driver.last<Finish>();
  CHECK(finish.how == Finish::How::failed);
  CHECK(finish.error.context == "copy of key 7777, after 21 tries");
  CHECK_THAT(finish.error.hint, Catch::Contains("pg_stat_activity"));
}

TEST_CASE("a_lock_that_never_frees_names_who_holds_it_in_each_note_and_at_the_end") {
  const std::string holder = "session 4711 (user shop, application psql, idle in transaction)";
  EngineDriver driver = with_batch_of(1, 1, "7777");
  for (int tries = 0; driver.count<Finish>() == 0; ++tries) {
    REQUIRE(tries <= 100);
    const int before = driver.count<StartBatch>();
    // Seen in the first wait only: a name outlives the tries in which nobody looked in time.
    if (tries == 0) driver.tell(RowsHeld{SlotId{0}, holder});
    driver.tell(BatchFailed{SlotId{0}, error_of("55P03")});
    if (driver.count<Finish>() > 0) break;
    CHECK_THAT(driver.last<Note>().text,
               Catch::Contains("key 7777 set aside") && Catch::Contains("locked by " + holder));
    CHECK(driver.limited_by() == "waiting for rows locked in 1 range by " + holder);
    while (driver.count<Finish>() == 0 && driver.count<StartBatch>() == before) driver.wake();
  }
  const Error error = driver.last<Finish>().error;
  CHECK_THAT(error.message, Catch::StartsWith("key 7777 stayed locked by " + holder));
  CHECK_THAT(error.hint, Catch::StartsWith("End that transaction"));
}

TEST_CASE("who_held_rows_is_forgotten_when_they_went_through_and_late_news_of_it_is_not_heard") {
  EngineDriver driver(settings_with(1), 1,
                      {known_range(1, "0", "10", 1), known_range(2, "10", "20", 1)});
  ProbeResult first;
  first.ticks.push_back({KeyValue{"10"}, RowCount(1)});
  first.exhausted = true;
  driver.tell(ProbeDone{SlotId{0}, first});
  driver.tell(RowsHeld{SlotId{0}, "session 1"});
  driver.tell(done(SlotId{0}, 1));
  driver.tell(RowsHeld{SlotId{0}, "session 2"});  // It looks for boundaries now.
  ProbeResult second;
  second.ticks.push_back({KeyValue{"20"}, RowCount(1)});
  second.exhausted = true;
  driver.tell(ProbeDone{SlotId{0}, second});
  driver.tell(BatchFailed{SlotId{0}, error_of("55P03")});
  CHECK(driver.limited_by() == "waiting for rows locked in 1 range");
}

TEST_CASE("a_locked_range_is_set_aside_and_the_others_go_on") {
  EngineDriver driver(settings_with(1), 1,
                      {known_range(1, "0", "10", 1), known_range(2, "10", "20", 1)});
  ProbeResult first;
  first.ticks.push_back({KeyValue{"10"}, RowCount(1)});
  first.exhausted = true;
  driver.tell(ProbeDone{SlotId{0}, first});
  REQUIRE(driver.last<StartBatch>().batch.range == RangeId(1));
  driver.tell(BatchFailed{SlotId{0}, error_of("55P03")});
  // The other range is looked at at once, in the same slot.
  CHECK(driver.last<StartProbe>().probe.within.after == KeyValue{"10"});
}

TEST_CASE("a_row_locked_for_long_does_not_shrink_the_batches_of_other_ranges") {
  EngineDriver driver = with_batch_of(400, 10);
  driver.tell(BatchFailed{SlotId{0}, error_of("55P03")});
  const std::int64_t after_first = driver.engine.state(driver.now).batch_rows;
  CHECK(after_first == 300);
  while (driver.count<StartProbe>() == 1) driver.wake();
  ProbeResult finer;
  finer.ticks.push_back({KeyValue{"1"}, RowCount(1)});
  finer.ticks.push_back({KeyValue{"90"}, RowCount(199)});
  driver.tell(ProbeDone{SlotId{0}, finer});
  driver.tell(BatchFailed{SlotId{0}, error_of("55P03")});
  CHECK(driver.engine.state(driver.now).batch_rows == after_first);
}

TEST_CASE("a_row_that_fails_alone_is_named_by_its_key") {
  EngineDriver driver = with_batch_of(1, 2, "7777");
  driver.tell(BatchFailed{SlotId{0}, error_of("22P02")});
  CHECK(driver.last<StartProbe>().probe.limit == RowCount(2));
  ProbeResult alone;
  alone.ticks.push_back({KeyValue{"7777"}, RowCount(1)});
  alone.exhausted = true;
  driver.tell(ProbeDone{SlotId{0}, alone});
  CHECK(driver.last<Finish>().error.context == "copy of key 7777");
}

TEST_CASE("a_cancel_is_asked_for_again_until_its_outcome_is_there") {
  EngineDriver driver = with_batch_of(10, 2);
  driver.tell(StopRequested{true, "SIGINT"});
  CHECK(driver.count<CancelSlot>() == 1);
  for (int i = 2; i <= 5; ++i) {
    driver.wake();
    CHECK(driver.count<CancelSlot>() == i);
  }
  driver.tell(BatchFailed{SlotId{0}, error_of("57014")});
  CHECK(driver.last<Finish>().how == Finish::How::stopped);
  CHECK(driver.count<CancelSlot>() == 5);
}

TEST_CASE("a_probe_that_times_out_reads_a_quarter_of_its_keys_and_uses_up_no_retries") {
  SweepSettings settings;
  settings.safety.retries = 1;
  EngineDriver driver(settings);
  std::int64_t limit = driver.last<StartProbe>().probe.limit.value;
  CHECK(limit >= 10'000);
  while (limit > 1) {
    const int before = driver.count<StartProbe>();
    driver.tell(ProbeFailed{SlotId{0}, error_of("57014")});
    while (driver.count<StartProbe>() == before) driver.wake();
    const Probe probe = driver.last<StartProbe>().probe;
    CHECK(probe.limit.value <= std::max<std::int64_t>(1, limit / 4));
    CHECK(probe.every <= probe.limit);
    limit = probe.limit.value;
  }
  // There is nothing smaller than one key: from here on it counts.
  driver.tell(ProbeFailed{SlotId{0}, error_of("57014")});
  CHECK(driver.count<Finish>() == 0);
  const int before = driver.count<StartProbe>();
  while (driver.count<StartProbe>() == before) driver.wake();
  driver.tell(ProbeFailed{SlotId{0}, error_of("57014")});
  CHECK(driver.last<Finish>().how == Finish::How::failed);
}

TEST_CASE("after_eight_probes_that_went_well_they_may_read_twice_as_far") {
  SweepSettings settings;
  settings.pace.batch.fixed_rows = RowCount(10);
  EngineDriver driver(settings);
  const RowCount natural = driver.last<StartProbe>().probe.limit;
  driver.tell(ProbeFailed{SlotId{0}, error_of("57014")});
  while (driver.count<StartProbe>() == 1) driver.wake();
  const RowCount shrunk = driver.last<StartProbe>().probe.limit;
  CHECK(shrunk == RowCount(natural.value / 4));
  // One slot, three ranges ahead of it: probes alone at first, then one with each batch.
  std::vector<RowCount> limits;
  const auto answer = [&limits](const Probe& probe) {
    limits.push_back(probe.limit);
    ProbeResult found;
    found.ticks.push_back({KeyValue{std::to_string(limits.size())}, RowCount(10)});
    return found;
  };
  while (limits.size() < 9) {
    const Action asked = driver.actions.back();
    if (const auto* probe = std::get_if<StartProbe>(&asked)) {
      driver.tell(ProbeDone{SlotId{0}, answer(probe->probe)});
    } else if (const auto* batch = std::get_if<StartBatch>(&asked)) {
      if (batch->ahead) driver.tell(ProbeDone{SlotId{0}, answer(*batch->ahead)});
      driver.tell(done(SlotId{0}, 10));
    } else {
      REQUIRE(std::holds_alternative<OpenRange>(asked));
      driver.tell(RangeOpened{SlotId{0}});
    }
  }
  CHECK(limits[7] == shrunk);
  CHECK(limits[8] == RowCount(2 * shrunk.value));
}
