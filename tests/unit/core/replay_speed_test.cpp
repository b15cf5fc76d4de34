#include "core/replay_speed.hpp"

#include <catch2/catch.hpp>

#include "core/replica_lag.hpp"

using namespace backfill;
using namespace std::chrono_literals;

namespace {

const Instant start{Duration(1h)};
constexpr std::int64_t megabyte = 1'000'000;

WalPosition mb(double count) {
  return WalPosition{static_cast<std::int64_t>(count * static_cast<double>(megabyte))};
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

TEST_CASE("what_is_left_takes_as_long_as_the_speed_that_was_shown_says") {
  ReplaySpeed speed;
  speed.on_position(mb(0), mb(20), start);
  CHECK_FALSE(speed.catch_up(mb(20), start).has_value());
  speed.on_position(mb(2), mb(40), start + 250ms);
  CHECK(seconds(*speed.catch_up(mb(40), start + 250ms)) == Approx(38.0 / 8));
  SECTION("and it goes on while it says nothing") {
    CHECK(seconds(*speed.catch_up(mb(40), start + 1250ms)) == Approx(38.0 / 8 - 1));
    CHECK(*speed.catch_up(mb(40), start + 1h) == Duration::zero());
  }
}

TEST_CASE("a_standby_that_is_level_has_no_speed_of_its_own") {
  ReplaySpeed speed;
  for (int i = 0; i < 20; ++i) {
    const Instant at = start + i * Duration(250ms);
    speed.on_position(mb(i * 0.1), mb(i * 0.1 + 0.5), at);
    CHECK_FALSE(speed.catch_up(mb(i * 0.1 + 0.5), at).has_value());
  }
}

TEST_CASE("what_it_did_while_it_was_level_does_not_count_when_it_falls_behind") {
  ReplaySpeed speed;
  speed.on_position(mb(0), mb(0), start);
  speed.on_position(mb(1), mb(1), start + 60s);
  speed.on_position(mb(10), mb(50), start + 60s + 250ms);
  speed.on_position(mb(30), mb(80), start + 60s + 500ms);
  CHECK(seconds(*speed.catch_up(mb(80), start + 60s + 500ms)) == Approx(50.0 / 80));
}

TEST_CASE("a_standby_that_stands_still_shows_no_speed") {
  ReplaySpeed speed;
  for (int i = 0; i < 8; ++i) speed.on_position(mb(5), mb(20 + i), start + i * Duration(250ms));
  CHECK_FALSE(speed.catch_up(mb(30), start + 2s).has_value());
}

TEST_CASE("an_answer_that_is_known_already_adds_nothing") {
  ReplaySpeed speed;
  speed.on_position(mb(0), mb(20), start);
  for (int i = 0; i < 8; ++i) speed.on_position(mb(0), mb(20), start);
  CHECK_FALSE(speed.catch_up(mb(20), start + 2s).has_value());
}

TEST_CASE("a_position_that_goes_back_begins_the_speed_anew") {
  ReplaySpeed speed;
  speed.on_position(mb(50), mb(90), start);
  speed.on_position(mb(60), mb(90), start + 250ms);
  speed.on_position(mb(10), mb(90), start + 500ms);
  CHECK_FALSE(speed.catch_up(mb(90), start + 500ms).has_value());
}

TEST_CASE("a_speed_is_that_of_the_last_seconds") {
  ReplaySpeed speed;
  double replayed = 0;
  for (int i = 0; i < 240; ++i, replayed += 0.25) {
    speed.on_position(mb(replayed), mb(1000), start + i * Duration(250ms));
  }
  CHECK(seconds(*speed.catch_up(mb(replayed - 0.25 + 10), start + 239 * Duration(250ms))) ==
        Approx(10));
  for (int i = 240; i < 260; ++i, replayed += 5) {
    speed.on_position(mb(replayed), mb(1000), start + i * Duration(250ms));
  }
  CHECK(seconds(*speed.catch_up(mb(replayed - 5 + 10), start + 259 * Duration(250ms))) ==
        Approx(0.5));
}

TEST_CASE("a_standby_that_is_ten_times_slower_lags_by_what_is_to_come_before_anything_is_old") {
  WalHistory history;
  ReplicaLag lag;
  LagEstimate estimate;
  for (Duration at{}; at <= 500ms; at += 250ms) {
    StandbyReading reading;
    reading.at = start + at;
    reading.primary = mb(80 * seconds(at) + 10);
    reading.received = reading.primary;
    reading.replayed = mb(8 * seconds(at));
    reading.reply_age = Duration::zero();
    history.add(reading.primary, reading.at);
    estimate = lag.on_reading(reading, history, 1s);
  }
  CHECK(estimate.basis == LagBasis::catch_up_time);
  CHECK(seconds(estimate.lag) == Approx(46.0 / 8));
  CHECK(seconds(estimate.seen) < 0.6);
  CHECK(lag_text("standby1", estimate, 5s) ==
        "lag of standby1 over 0.5 s, and 5.8 s to catch up, of 5.0 s");
}

TEST_CASE("a_late_answer_is_measured_against_what_had_been_written_by_then") {
  WalHistory history;
  ReplicaLag lag;
  StandbyReading reading;
  reading.at = start;
  reading.primary = mb(10);
  reading.received = reading.primary;
  reading.replayed = mb(10);
  reading.reply_age = Duration::zero();
  history.add(reading.primary, reading.at);
  (void)lag.on_reading(reading, history, 1s);
  // Idle for nine seconds; then much is written at once, while the last answer is still the old
  // one.
  reading.at = start + 9s;
  reading.reply_age = 9s;
  reading.primary = mb(60);
  history.add(reading.primary, reading.at);
  (void)lag.on_reading(reading, history, 1s);
  reading.at = start + 9s + 250ms;
  reading.reply_age = Duration::zero();
  reading.replayed = mb(40);
  history.add(reading.primary, reading.at);
  CHECK(lag.on_reading(reading, history, 1s).basis != LagBasis::catch_up_time);
}

TEST_CASE("after_a_long_stall_the_speed_is_that_of_what_comes_then") {
  ReplaySpeed speed;
  speed.on_position(mb(10), mb(100), start);
  speed.on_position(mb(20), mb(100), start + 60s);
  CHECK_FALSE(speed.catch_up(mb(100), start + 60s).has_value());
  speed.on_position(mb(30), mb(100), start + 61s);
  CHECK(seconds(*speed.catch_up(mb(100), start + 61s)) == Approx(7));
}

TEST_CASE("a_standby_that_was_far_behind_before_the_first_look_is_unknown_until_it_moves") {
  WalHistory history;
  ReplicaLag lag;
  StandbyReading reading;
  reading.primary = mb(5000);
  reading.received = reading.primary;
  reading.replayed = mb(1000);
  const auto look = [&](Duration at) {
    reading.at = start + at;
    history.add(reading.primary, reading.at);
    return lag.on_reading(reading, history, 1s);
  };
  CHECK(look(0s).unknown);
  const LagEstimate stuck = look(250ms);
  CHECK(stuck.unknown);
  CHECK(lag_text("standby1", stuck, 5s) ==
        "lag of standby1 over 0.2 s, and 4000 MB to replay at a speed not yet seen, of 5.0 s");
  reading.replayed = mb(1100);
  const LagEstimate moving = look(500ms);
  CHECK_FALSE(moving.unknown);
  CHECK(moving.basis == LagBasis::catch_up_time);
  reading.replayed = mb(5000);
  CHECK_FALSE(look(750ms).unknown);
}

TEST_CASE("a_standby_that_is_a_little_behind_at_the_first_look_is_not_unknown") {
  WalHistory history;
  ReplicaLag lag;
  StandbyReading reading;
  reading.at = start;
  reading.primary = mb(100);
  reading.received = reading.primary;
  reading.replayed = mb(90);
  history.add(reading.primary, reading.at);
  CHECK_FALSE(lag.on_reading(reading, history, 1s).unknown);
}
