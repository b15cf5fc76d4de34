#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/failure_score.hpp"
#include "unit/core/engine_driver.hpp"

using namespace backfill;
using namespace backfill::test;

namespace {

BatchDone done(SlotId slot, std::int64_t rows) {
  BatchDone event;
  event.slot = slot;
  event.rows = RowCount(rows);
  return event;
}

SweepSettings one_range(OnError on_error) {
  SweepSettings settings;
  settings.pace.connections = 1;
  settings.whole_table = false;
  settings.on_error = on_error;
  return settings;
}

/// A table of `rows` rows, keys 1, 2, 3…, some of which fail for their own reason; the driver's
/// actions are answered as a server would.
class BadRows {
 public:
  BadRows(OnError on_error, std::int64_t rows, std::vector<std::int64_t> bad,
          std::vector<KeyValue> known = {})
      : rows_(rows), bad_(std::move(bad)), driver_(settings(on_error, std::move(known))) {}

  void run() {
    for (std::size_t answered = 0; driver_.count<Finish>() == 0;) {
      REQUIRE(answered < driver_.actions.size());
      const Action action = driver_.actions[answered++];
      if (const auto* batch = std::get_if<StartBatch>(&action)) answer(*batch);
      if (const auto* probe = std::get_if<StartProbe>(&action)) {
        driver_.tell(ProbeDone{probe->slot, keys_of(probe->probe)});
      }
      if (const auto* open = std::get_if<OpenRange>(&action)) driver_.tell(RangeOpened{open->slot});
      if (const auto* close = std::get_if<CloseRange>(&action)) {
        driver_.tell(RangeClosed{close->slot});
      }
    }
  }

  [[nodiscard]] Finish finish() const { return driver_.last<Finish>(); }

  std::vector<std::int64_t> named;  ///< in quarantine, in the order of their transactions
  int failed = 0;                   ///< batches
  std::int64_t gone = 0;            ///< a bad row that is deleted as soon as it has failed

 private:
  static SweepSettings settings(OnError on_error, std::vector<KeyValue> known) {
    SweepSettings settings;
    settings.pace.connections = 1;
    settings.pace.batch.fixed_rows = RowCount(1000);
    settings.on_error = on_error;
    settings.quarantined = std::move(known);
    return settings;
  }

  static std::int64_t number(const std::optional<KeyValue>& key, std::int64_t otherwise) {
    return key ? std::stoll(key->front()) : otherwise;
  }

  void answer(const StartBatch& start) {
    if (start.ahead) driver_.tell(ProbeDone{start.slot, keys_of(*start.ahead)});
    const std::int64_t after = number(start.batch.bounds.after, 0);
    const std::int64_t through = number(start.batch.bounds.through, rows_);
    if (start.batch.quarantine) {
      named.push_back(std::stoll(start.batch.quarantine->key.front()));
      return driver_.tell(done(start.slot, 0));
    }
    const bool fails =
        std::ranges::any_of(bad_, [&](std::int64_t key) { return key > after && key <= through; });
    if (!fails) return driver_.tell(done(start.slot, through - after));
    ++failed;
    if (through - after == 1 && through == gone) {
      std::erase(bad_, gone);
      deleted_ = gone;
    }
    driver_.tell(BatchFailed{start.slot, error_of("22P02")});
  }

  [[nodiscard]] ProbeResult keys_of(const Probe& probe) const {
    ProbeResult result;
    std::vector<std::int64_t> found;
    const std::int64_t last = number(probe.within.through, rows_);
    for (std::int64_t key = number(probe.within.after, 0) + 1; key <= last; ++key) {
      if (key != deleted_ && std::ssize(found) < probe.limit.value) found.push_back(key);
    }
    result.exhausted = std::ssize(found) < probe.limit.value;
    std::int64_t since = 0;
    for (const std::int64_t key : found) {
      if (++since < probe.every.value && (key != found.back() || !result.exhausted)) continue;
      result.ticks.push_back({KeyValue{std::to_string(key)}, RowCount(since)});
      since = 0;
    }
    return result;
  }

  std::int64_t rows_;
  std::vector<std::int64_t> bad_;
  std::int64_t deleted_ = 0;
  EngineDriver driver_;
};

OnError quarantine(int rows) {
  return OnError{rows};
}

}  // namespace

TEST_CASE("a_bad_row_stops_the_sweep_by_default_and_is_named_with_what_to_do") {
  BadRows table({}, 5000, {3217});
  table.run();
  CHECK(table.finish().how == Finish::How::failed);
  CHECK(table.finish().error.context == "copy of key 3217");
  CHECK(table.finish().error.kind == ErrorClass::row);
  CHECK(table.finish().error.hint.find("on_error: {quarantine: 100}") != std::string::npos);
  CHECK(table.named.empty());
}

TEST_CASE("a_bad_row_of_a_thousand_is_found_with_ten_halvings") {
  for (const std::int64_t key : {1, 2, 500, 501, 777, 999, 1000, 4999}) {
    BadRows table(quarantine(5), 5000, {key});
    table.run();
    CAPTURE(key);
    CHECK(table.finish().how == Finish::How::completed);
    CHECK(table.named == std::vector<std::int64_t>{key});
    CHECK(table.failed <= 11);
  }
}

TEST_CASE("each_bad_row_is_named_once_neighbours_and_the_last_row_too") {
  BadRows table(quarantine(5), 3000, {10, 11, 12, 2000, 3000});
  table.run();
  CHECK(table.finish().how == Finish::How::completed);
  CHECK(table.named == std::vector<std::int64_t>{10, 11, 12, 2000, 3000});
}

TEST_CASE("a_full_quarantine_stops_the_sweep_at_the_next_bad_row") {
  BadRows table(quarantine(2), 5000, {100, 2000, 4000});
  table.run();
  CHECK(table.finish().how == Finish::How::failed);
  CHECK(table.finish().error.context == "copy of key 4000");
  CHECK(table.finish().error.hint == "2 rows are in quarantine, and `on_error` allows no more");
  CHECK(table.named == std::vector<std::int64_t>{100, 2000});
}

TEST_CASE("a_row_in_quarantine_from_an_earlier_sweep_takes_no_place_again") {
  BadRows table(quarantine(2), 5000, {100, 2000}, {{"100"}, {"2000"}});
  table.run();
  CHECK(table.finish().how == Finish::How::completed);
  CHECK(table.named == std::vector<std::int64_t>{100, 2000});
}

TEST_CASE("rows_that_mostly_fail_stop_the_sweep_before_the_quarantine_is_full") {
  std::vector<std::int64_t> bad;
  for (std::int64_t key = 2001; key <= 2100; ++key) bad.push_back(key);
  BadRows table(quarantine(1000), 5000, bad);
  table.run();
  CHECK(table.finish().how == Finish::How::failed);
  CHECK(table.finish().error.context == "copy of key 2010");
  CHECK(table.finish().error.hint.starts_with("Rows mostly fail"));
  CHECK(table.named.size() == 9);
}

TEST_CASE("a_bad_row_that_is_deleted_before_it_is_looked_at_is_no_bad_row") {
  BadRows table(quarantine(5), 5000, {3217});
  table.gone = 3217;
  table.run();
  CHECK(table.finish().how == Finish::How::completed);
  CHECK(table.named.empty());
}

TEST_CASE("a_statement_that_fails_where_no_row_is_stops_the_sweep") {
  EngineDriver driver(one_range({}), 1, {known_range(1, "0", "90", 1)});
  driver.tell(ProbeDone{SlotId{0}, {.ticks = {{{"90"}, RowCount(1)}}, .exhausted = true}});
  for (int tries = 0; tries < 2; ++tries) {
    driver.tell(BatchFailed{SlotId{0}, error_of("22012")});
    driver.tell(ProbeDone{SlotId{0}, {.ticks = {}, .exhausted = true}});
  }
  CHECK(driver.last<Finish>().how == Finish::How::failed);
  CHECK(driver.last<Finish>().error.context == "copy of (0, 90], where no row is");
}

TEST_CASE("an_unanswered_commit_into_quarantine_is_settled_and_not_repeated") {
  for (const bool committed : {true, false}) {
    EngineDriver driver(one_range(quarantine(5)), 1, {known_range(1, "0", "90", 1)});
    const ProbeResult one{.ticks = {{{"90"}, RowCount(1)}}, .exhausted = true};
    driver.tell(ProbeDone{SlotId{0}, one});
    driver.tell(BatchFailed{SlotId{0}, error_of("22012")});
    driver.tell(ProbeDone{SlotId{0}, one});
    REQUIRE(driver.last<StartBatch>().batch.quarantine.has_value());
    driver.tell(BatchFailed{SlotId{0}, error_of("08007")});
    while (driver.count<SettleRange>() == 0) driver.wake();
    const std::optional<KeyValue> cursor = KeyValue{committed ? "90" : "0"};
    driver.tell(RangeSettled{SlotId{0}, cursor, 0, committed, RowCount(0)});
    CHECK(driver.count<StartBatch>() == (committed ? 2 : 3));
    CHECK(driver.last<StartBatch>().batch.quarantine->key == KeyValue{"90"});
    if (!committed) driver.tell(done(SlotId{0}, 0));
    CHECK(driver.last<Finish>().how == Finish::How::completed);
  }
}

TEST_CASE("the_failure_score_counts_failures_against_rows_that_go_through") {
  FailureScore score;
  for (int i = 0; i < 100; ++i) {
    score.failed();
    score.passed(RowCount(1));
  }
  CHECK_FALSE(score.mostly_fails());
  score.passed(RowCount(1'000'000));
  for (int i = 0; i < FailureScore::limit; ++i) score.failed();
  CHECK(score.mostly_fails());
}
