#include "core/slot_wal.hpp"

#include <catch2/catch.hpp>

using namespace backfill;
using namespace std::chrono_literals;

namespace {

const Instant start{Duration(1h)};
constexpr std::int64_t gigabyte = 1024LL * 1024 * 1024;

SlotWalReading slot(std::string name, double retained_gb, bool active = true) {
  SlotWalReading reading;
  reading.name = std::move(name);
  reading.active = active;
  reading.wal_status = "reserved";
  reading.retained = ByteCount{static_cast<std::int64_t>(retained_gb * gigabyte)};
  return reading;
}

/// The server lets it keep 4 GB.
SlotWalReading of_four(SlotWalReading reading) {
  reading.safe = ByteCount{4 * gigabyte} - *reading.retained;
  if (reading.safe->value <= 0) reading.wal_status = "unreserved";
  return reading;
}

ThrottleSettings limited() {
  ThrottleSettings settings;
  settings.slot_wal = ByteThrottle{ByteCount{10 * gigabyte}, ByteCount{20 * gigabyte}};
  return settings;
}

bool stops(const Signal& signal) {
  return signal.value >= signal.stop;
}

bool slows(const Signal& signal) {
  return signal.value > signal.slow && !stops(signal);
}

}  // namespace

TEST_CASE("without_slots_and_without_limits_nothing_is_held_and_the_signal_is_heard") {
  SlotWal slots;
  for (const auto& readings : {std::vector<SlotWalReading>{}, {slot("a", 500)}}) {
    const auto report = slots.on_reading(readings, start);
    CHECK(report.signal.name == "slot_wal");
    CHECK(report.signal.taken_at == start);
    CHECK(report.signal.value <= report.signal.slow);
    CHECK(report.notes.empty());
  }
}

TEST_CASE("a_slot_in_use_slows_from_half_of_what_the_server_lets_it_keep_and_stops_near_its_end") {
  SlotWal slots;
  CHECK_FALSE(slows(slots.on_reading({of_four(slot("a", 1.9))}, start).signal));
  CHECK(slows(slots.on_reading({of_four(slot("a", 2.5))}, start).signal));
  const Signal near_end = slots.on_reading({of_four(slot("a", 3.7))}, start).signal;
  CHECK(stops(near_end));
  CHECK(near_end.text ==
        "replication slot a keeps 3.70 GB of the log, and loses it from 4.00 GB on "
        "(max_slot_wal_keep_size)");
  CHECK(stops(slots.on_reading({of_four(slot("a", 4.5))}, start).signal));
}

TEST_CASE("a_slot_that_nobody_uses_is_not_held_on_to_but_one_that_was_used_in_this_run_is") {
  SlotWal slots;
  CHECK_FALSE(stops(slots.on_reading({of_four(slot("a", 3.9, false))}, start).signal));
  (void)slots.on_reading({of_four(slot("a", 1, true))}, start + 1s);
  CHECK(stops(slots.on_reading({of_four(slot("a", 3.9, false))}, start + 2s).signal));
}

TEST_CASE("the_limits_of_the_file_hold_for_every_slot_used_or_not") {
  SlotWal slots;
  slots.set(limited());
  CHECK_FALSE(slows(slots.on_reading({slot("a", 9, false)}, start).signal));
  CHECK(slows(slots.on_reading({slot("a", 15, false)}, start).signal));
  const Signal full = slots.on_reading({slot("a", 5), slot("b", 21, false)}, start).signal;
  CHECK(stops(full));
  CHECK(full.text == "replication slot b keeps 21.00 GB of the log, of 20.00 GB");
}

TEST_CASE("the_slot_that_is_nearest_to_a_limit_of_its_kind_is_named") {
  SlotWal slots;
  slots.set(limited());
  const Signal signal =
      slots.on_reading({slot("a", 11), of_four(slot("b", 3.5)), slot("c", 1)}, start).signal;
  CHECK_THAT(signal.text, Catch::Contains("slot b "));
  CHECK(slows(signal));
}

TEST_CASE("an_ignored_slot_and_one_that_keeps_nothing_do_not_count") {
  SlotWal slots;
  ThrottleSettings settings = limited();
  settings.replica_lag.ignore = {"a"};
  slots.set(settings);
  SlotWalReading never_used = slot("b", 0);
  never_used.retained.reset();
  const auto report = slots.on_reading({slot("a", 50), never_used}, start);
  CHECK(report.signal.value <= report.signal.slow);
}

TEST_CASE("a_slot_that_comes_near_to_losing_its_log_or_has_is_told_once_each") {
  SlotWal slots;
  SlotWalReading unused = of_four(slot("a", 3, false));
  CHECK(slots.on_reading({unused}, start).notes.empty());
  unused.wal_status = "unreserved";
  const auto unreserved = slots.on_reading({unused}, start + 1s).notes;
  REQUIRE(unreserved.size() == 1);
  CHECK_THAT(unreserved[0],
             Catch::Contains("slot a loses its log") && Catch::Contains("nobody uses"));
  CHECK(slots.on_reading({unused}, start + 2s).notes.empty());
  unused.wal_status = "lost";
  unused.retained.reset();
  unused.safe.reset();
  const auto lost = slots.on_reading({unused}, start + 3s);
  REQUIRE(lost.notes.size() == 1);
  CHECK_THAT(lost.notes[0], Catch::Contains("has lost its log"));
  CHECK(lost.signal.value <= lost.signal.slow);
  SlotWal later;
  CHECK(later.on_reading({unused}, start).notes.empty());
}
