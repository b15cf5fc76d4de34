#include <catch2/catch.hpp>

#include "core/throttle.hpp"

using namespace backfill;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Instant at(Duration since) {
  return Instant{} + seconds(1) + since;
}

Signal lag(double value, Instant now) {
  Signal signal;
  signal.name = "lag";
  signal.value = value;
  signal.slow = 1;
  signal.stop = 5;
  signal.taken_at = now;
  return signal;
}

}  // namespace

TEST_CASE("a_pause_stops_whatever_the_signals_say_and_says_who") {
  Throttle throttle;
  throttle.on_signal(lag(0, at(seconds(0))));
  static_cast<void>(throttle.decide(at(seconds(0))));
  throttle.pause("paused by alice@host");
  const auto paused = throttle.decide(at(seconds(1)));
  REQUIRE(paused);
  CHECK(paused->stopped);
  CHECK(paused->paused);
  CHECK(paused->reason == "paused by alice@host");
}

TEST_CASE("a_pause_comes_before_every_other_reason") {
  Throttle throttle;
  throttle.on_signal(lag(9, at(seconds(0))));
  static_cast<void>(throttle.decide(at(seconds(0))));
  CHECK_FALSE(throttle.pace().paused);
  throttle.pause("paused by alice@host");
  const auto told = throttle.decide(at(seconds(1)));
  REQUIRE(told);
  CHECK(told->paused);
}

TEST_CASE("time_paused_is_lost_to_the_pause_alone") {
  Throttle throttle;
  throttle.on_signal(lag(9, at(seconds(0))));
  static_cast<void>(throttle.decide(at(seconds(0))));
  throttle.pause("paused by alice@host");
  static_cast<void>(throttle.decide(at(seconds(2))));
  static_cast<void>(throttle.decide(at(seconds(5))));
  CHECK(throttle.time_lost().at("lag") == seconds(2));
  CHECK(throttle.time_lost().at("pause") == seconds(3));
}

TEST_CASE("after_a_pause_the_signals_decide_again") {
  Throttle throttle;
  throttle.pause("paused by alice@host");
  static_cast<void>(throttle.decide(at(seconds(0))));
  throttle.pause("");
  const auto resumed = throttle.decide(at(seconds(1)));
  REQUIRE(resumed);
  CHECK_FALSE(resumed->stopped);
  CHECK_FALSE(resumed->paused);
  throttle.on_signal(lag(9, at(seconds(2))));
  const auto stopped = throttle.decide(at(seconds(2)));
  REQUIRE(stopped);
  CHECK(stopped->stopped);
  CHECK_FALSE(stopped->paused);
}

TEST_CASE("a_signal_that_reached_its_stop_during_a_pause_holds_on_after_it") {
  Throttle throttle;
  throttle.pause("paused by ada");
  throttle.on_signal(lag(6, at(seconds(0))));
  static_cast<void>(throttle.decide(at(seconds(0))));
  throttle.on_signal(lag(4, at(seconds(1))));
  throttle.pause({});
  static_cast<void>(throttle.decide(at(seconds(1))));
  CHECK(throttle.pace().stopped);
}

TEST_CASE("a_signal_that_holds_lets_nothing_begin_until_it_is_heard_and_open") {
  Throttle throttle;
  CHECK_FALSE(throttle.hold(at(seconds(0))));
  SilenceLimits limits;
  limits.holds = true;
  throttle.require("lag", limits, at(seconds(0)));
  const auto unheard = throttle.hold(at(seconds(0)));
  REQUIRE(unheard);
  CHECK_FALSE(unheard->wished);
  throttle.on_signal(lag(9, at(seconds(1))));
  const auto closed = throttle.hold(at(seconds(1)));
  REQUIRE(closed);
  CHECK(closed->wished);
  throttle.on_signal(lag(0, at(seconds(2))));
  CHECK_FALSE(throttle.hold(at(seconds(2))));
  const auto silent = throttle.hold(at(seconds(60)));
  REQUIRE(silent);
  CHECK_FALSE(silent->wished);
}

TEST_CASE("a_signal_that_only_slows_holds_nothing") {
  Throttle throttle;
  throttle.require("lag", SilenceLimits{}, at(seconds(0)));
  throttle.on_signal(lag(9, at(seconds(1))));
  CHECK_FALSE(throttle.hold(at(seconds(1))));
  throttle.pause("paused by alice@host");
  const auto held = throttle.hold(at(seconds(1)));
  REQUIRE(held);
  CHECK(held->wished);
  CHECK(held->reason == "paused by alice@host");
}
