#include "core/throttle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;
using namespace std::chrono_literals;

namespace {

const Instant start{Duration(1h)};

Signal lag(double value, Instant at) {
  return {.name = "replica_lag", .value = value, .slow = 1, .stop = 5, .taken_at = at, .text = {}};
}

Throttle required_lag() {
  Throttle throttle;
  throttle.require("replica_lag", {.stop = 3s, .end = 60s}, start);
  return throttle;
}

/// Full speed, reached after the first reading has come.
Throttle at_full_speed() {
  auto throttle = required_lag();
  throttle.on_signal(lag(0, start));
  (void)throttle.decide(start);
  return throttle;
}

}  // namespace

TEST_CASE("without_any_signal_the_pace_is_full_and_not_worth_telling") {
  Throttle throttle;
  CHECK_FALSE(throttle.decide(start).has_value());
  CHECK(throttle.pace().fraction == 1.0);
  CHECK(throttle.pace().reason.empty());
}

TEST_CASE("nothing_starts_until_a_required_signal_has_been_heard") {
  auto throttle = required_lag();
  const auto change = throttle.decide(start);
  REQUIRE(change);
  CHECK(change->stopped);
  CHECK(change->reason == "waiting for the first reading of replica_lag");
  throttle.on_failure("replica_lag", "permission denied for pg_stat_replication");
  (void)throttle.decide(start + 1s);
  CHECK(throttle.pace().reason ==
        "waiting for the first reading of replica_lag: permission denied for pg_stat_replication");
  throttle.on_signal(lag(0, start + 2s));
  CHECK_FALSE(throttle.decide(start + 2s)->stopped);
}

TEST_CASE("between_slow_and_stop_the_pace_falls_and_the_same_step_takes_the_same_part") {
  double last = 1.0;
  std::optional<double> ratio;
  for (double value = 1.0; value < 4.9; value += 0.5) {
    auto throttle = at_full_speed();
    throttle.on_signal(lag(value, start + 1s));
    (void)throttle.decide(start + 1s);
    const double fraction = throttle.pace().fraction;
    if (value == 1.0) {
      CHECK(fraction == 1.0);
    } else {
      CHECK(fraction < last);
      if (ratio) CHECK(fraction / last == Approx(*ratio));
      ratio = fraction / last;
    }
    last = fraction;
    CHECK_FALSE(throttle.pace().stopped);
  }
  CHECK(last > 0.05);
}

TEST_CASE("at_stop_nothing_starts_and_half_way_back_it_is_released") {
  auto throttle = at_full_speed();
  throttle.on_signal(lag(5.0, start + 1s));
  CHECK(throttle.decide(start + 1s)->stopped);
  throttle.on_signal(lag(4.9, start + 2s));
  CHECK_FALSE(throttle.decide(start + 2s).has_value());
  throttle.on_signal(lag(3.1, start + 3s));
  (void)throttle.decide(start + 3s);
  CHECK(throttle.pace().stopped);
  throttle.on_signal(lag(3.0, start + 4s));
  const auto change = throttle.decide(start + 4s);
  REQUIRE(change);
  CHECK_FALSE(change->stopped);
  CHECK(change->fraction == Approx(0.1));
}

TEST_CASE("after_a_stop_the_pace_doubles_each_second_and_keeps_its_reason") {
  auto throttle = at_full_speed();
  throttle.on_signal(lag(9.0, start + 1s));
  (void)throttle.decide(start + 1s);
  throttle.on_signal(lag(0, start + 2s));
  (void)throttle.decide(start + 2s);
  CHECK(throttle.pace().fraction == Approx(0.1));
  CHECK(throttle.pace().reason == "speeding up again after replica_lag");
  throttle.on_signal(lag(0, start + 4s));
  (void)throttle.decide(start + 4s);
  CHECK(throttle.pace().fraction == Approx(0.4));
  throttle.on_signal(lag(0, start + 6s));
  (void)throttle.decide(start + 6s);
  CHECK(throttle.pace().fraction == 1.0);
  CHECK(throttle.pace().reason.empty());
}

TEST_CASE("a_required_signal_that_falls_silent_stops_the_work_and_then_the_job") {
  auto throttle = at_full_speed();
  CHECK_FALSE(throttle.decide(start + 3s).has_value());
  throttle.on_failure("replica_lag", "timeout");
  const auto change = throttle.decide(start + 3s + 1us);
  REQUIRE(change);
  CHECK(change->stopped);
  CHECK(change->reason == "no reading of replica_lag for 3 s: timeout");
  CHECK_FALSE(throttle.end_request(start + 60s).has_value());
  CHECK(throttle.end_request(start + 61s) == "replica_lag could not be read for 61 s: timeout");
  throttle.on_signal(lag(0, start + 61s));
  CHECK_FALSE(throttle.end_request(start + 61s).has_value());
  CHECK_FALSE(throttle.decide(start + 61s)->stopped);
}

TEST_CASE("silence_is_no_way_back_from_a_stop") {
  auto throttle = at_full_speed();
  throttle.on_signal(lag(6, start + 1s));
  CHECK(throttle.decide(start + 1s)->stopped);
  (void)throttle.decide(start + 5s);
  throttle.on_signal(lag(4, start + 6s));
  (void)throttle.decide(start + 6s);
  CHECK(throttle.pace().stopped);
  throttle.on_signal(lag(3, start + 7s));
  CHECK_FALSE(throttle.decide(start + 7s)->stopped);
}

TEST_CASE("a_signal_that_nobody_requires_is_forgotten_when_it_falls_silent") {
  Throttle throttle;
  throttle.on_signal(lag(7, start));
  CHECK(throttle.decide(start)->stopped);
  CHECK_FALSE(throttle.decide(start + 10s + 1us)->stopped);
  CHECK_FALSE(throttle.end_request(start + 1h).has_value());
}

TEST_CASE("the_worst_signal_decides_and_gives_the_reason") {
  auto throttle = at_full_speed();
  auto at = start + 1s;
  throttle.on_signal(lag(2, at));
  throttle.on_signal({"query", 15, 10, 20, at, "query 15 of 20"});
  (void)throttle.decide(at);
  CHECK(throttle.pace().reason == "query 15 of 20");
  CHECK(throttle.pace().fraction == Approx(std::sqrt(0.05)));
  auto stopping = lag(5, at);
  stopping.text = "lag of standby2 5.0 s of 5 s";
  throttle.on_signal(stopping);
  (void)throttle.decide(at);
  CHECK(throttle.pace().stopped);
  CHECK(throttle.pace().reason == "lag of standby2 5.0 s of 5 s");
  throttle.forget("replica_lag");
  (void)throttle.decide(at);
  CHECK_FALSE(throttle.pace().stopped);
  CHECK(throttle.pace().reason == "query 15 of 20");
}

TEST_CASE("an_unreadable_value_stops_the_work") {
  auto throttle = at_full_speed();
  throttle.on_signal(lag(std::numeric_limits<double>::quiet_NaN(), start + 1s));
  CHECK(throttle.decide(start + 1s)->stopped);
}

TEST_CASE("with_slow_equal_to_stop_there_is_only_full_speed_or_none") {
  Throttle throttle;
  throttle.on_signal({"flag", 0, 1, 1, start, {}});
  CHECK_FALSE(throttle.decide(start).has_value());
  throttle.on_signal({"flag", 1, 1, 1, start, {}});
  CHECK(throttle.decide(start)->reason == "flag 1 of 1");
}

TEST_CASE("an_older_reading_does_not_replace_a_newer_one") {
  auto throttle = at_full_speed();
  throttle.on_signal(lag(9, start + 2s));
  throttle.on_signal(lag(0, start + 1s));
  CHECK(throttle.decide(start + 2s)->stopped);
}

TEST_CASE("small_changes_are_not_told") {
  auto throttle = at_full_speed();
  int told = 0;
  for (int i = 1; i <= 200; ++i) {
    const auto now = start + i * Duration(100ms);
    throttle.on_signal(lag(2.0 + 0.01 * (i % 5), now));
    if (throttle.decide(now)) ++told;
  }
  CHECK(told == 1);
}

TEST_CASE("time_lost_is_added_up_under_the_signal_that_cost_it") {
  auto throttle = at_full_speed();
  throttle.on_signal(lag(5, start + 2s));
  (void)throttle.decide(start + 2s);
  CHECK(throttle.time_lost().empty());
  throttle.on_signal({"query", 15, 10, 20, start + 4s, {}});
  throttle.forget("replica_lag");
  (void)throttle.decide(start + 4s);
  const double fraction = throttle.pace().fraction;
  (void)throttle.decide(start + 5s);
  CHECK(throttle.time_lost().at("replica_lag") == Duration(2s));
  CHECK(std::chrono::duration<double>(throttle.time_lost().at("query")).count() ==
        Approx(1 - fraction).epsilon(0.001));
}

TEST_CASE("a_clock_told_backwards_loses_nothing_and_breaks_nothing") {
  auto throttle = at_full_speed();
  throttle.on_signal(lag(5, start + 2s));
  (void)throttle.decide(start + 2s);
  (void)throttle.decide(start + 1s);
  (void)throttle.decide(start + 3s);
  CHECK(throttle.time_lost().at("replica_lag") == Duration(1s));
}

TEST_CASE("a_runner_many_times_faster_than_its_standby_settles_between_slow_and_stop") {
  for (const double times : {1.5, 3.0, 10.0, 18.0}) {
    auto throttle = at_full_speed();
    double true_lag = 0;
    double low = 1e9;
    double high = 0;
    int stops = 0;
    for (int i = 1; i <= 3000; ++i) {
      const auto now = start + i * Duration(100ms);
      const auto& pace = throttle.pace();
      const double rate = pace.stopped ? 0 : times * pace.fraction;
      true_lag = std::max(0.0, true_lag + 0.1 * (rate - 1));
      if (i % 5 == 0) {  // read twice a second
        throttle.on_signal(lag(true_lag, now));
        if (const auto change = throttle.decide(now); change && change->stopped) ++stops;
      }
      if (i > 1000) {
        low = std::min(low, true_lag);
        high = std::max(high, true_lag);
      }
    }
    INFO("times " << times << " between " << low << " and " << high << ", stops " << stops);
    CHECK(low > 1.0);
    CHECK(high < 5.0);
    CHECK(high - low < 1.5);
  }
}

TEST_CASE("a_signal_that_says_that_waiting_is_of_no_use_asks_for_the_end") {
  auto throttle = at_full_speed();
  CHECK_FALSE(throttle.end_request(start).has_value());
  Signal gone = lag(5, start + 1s);
  gone.end = "standby a has been gone for 300 s";
  throttle.on_signal(gone);
  CHECK(throttle.end_request(start + 1s) == "standby a has been gone for 300 s");
  throttle.on_signal(lag(0, start + 2s));
  CHECK_FALSE(throttle.end_request(start + 2s).has_value());
}

TEST_CASE("a_stop_that_lasts_is_told_again_with_its_latest_figures_but_not_with_each_reading") {
  auto throttle = at_full_speed();
  int told = 0;
  std::string last;
  for (int second = 1; second <= 61; ++second) {
    const Instant at = start + std::chrono::seconds{second};
    Signal signal = lag(4.0 + second, at);
    signal.text = "lag " + std::to_string(second);
    throttle.on_signal(signal);
    const auto change = throttle.decide(at);
    if (!change) continue;
    ++told;
    last = change->reason;
  }
  CHECK(told == 3);
  CHECK(last == "lag 61");
}
