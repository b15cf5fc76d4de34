#include "core/backoff.hpp"

#include <catch2/catch.hpp>

using namespace backfill;
using namespace std::chrono_literals;

TEST_CASE("the_bound_of_a_wait_doubles_up_to_the_cap") {
  Backoff backoff({.base = 100ms, .cap = 1s});
  Random random(1);
  for (const Duration expected : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    CHECK(backoff.bound() == expected);
    CHECK(backoff.next(random) <= expected);
  }
  CHECK(backoff.attempts() == 6);
  backoff.reset();
  CHECK(backoff.attempts() == 0);
  CHECK(backoff.bound() == Duration(100ms));
}

TEST_CASE("a_thousand_attempts_stay_within_the_cap") {
  Backoff backoff({.base = 1us, .cap = 24h});
  Random random(7);
  for (int i = 0; i < 1000; ++i) {
    const auto wait = backoff.next(random);
    REQUIRE(wait >= Duration::zero());
    REQUIRE(wait <= Duration(24h));
  }
}

TEST_CASE("waits_are_spread_over_the_whole_interval") {
  Random random(42);
  int low = 0;
  int high = 0;
  for (int i = 0; i < 1000; ++i) {
    Backoff backoff({.base = 100ms, .cap = 1s});
    const auto wait = backoff.next(random);
    if (wait < Duration(25ms)) ++low;
    if (wait > Duration(75ms)) ++high;
  }
  CHECK(low > 150);
  CHECK(high > 150);
}

TEST_CASE("one_seed_gives_one_sequence_of_waits") {
  Backoff one;
  Backoff other;
  Random random_one(5);
  Random random_other(5);
  for (int i = 0; i < 20; ++i) CHECK(one.next(random_one) == other.next(random_other));
}
