#include "core/wal_rate.hpp"

#include <catch2/catch.hpp>

using namespace backfill;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a_rate_needs_two_samples") {
  WalRate rate;
  CHECK_FALSE(rate.bytes_per_second());
  rate.on_sample(100, Instant{} + seconds(1));
  CHECK_FALSE(rate.bytes_per_second());
  rate.on_sample(300, Instant{} + seconds(2));
  CHECK(*rate.bytes_per_second() == Approx(200));
}

TEST_CASE("a_rate_is_that_of_the_last_seconds") {
  WalRate rate;
  for (int i = 0; i <= 20; ++i) rate.on_sample(i * 500, Instant{} + milliseconds(500) * i);
  CHECK(*rate.bytes_per_second() == Approx(1000));
  for (int i = 1; i <= 10; ++i) {
    rate.on_sample(10'000, Instant{} + seconds(10) + milliseconds(500) * i);
  }
  CHECK(*rate.bytes_per_second() == Approx(0));
}

TEST_CASE("one_late_sample_is_no_burst") {
  WalRate rate;
  for (int i = 0; i <= 6; ++i) rate.on_sample(i * 500, Instant{} + milliseconds(500) * i);
  rate.on_sample(4'000, Instant{} + milliseconds(3010));
  CHECK(*rate.bytes_per_second() < 1400);
}

TEST_CASE("a_position_that_falls_back_begins_anew") {
  WalRate rate;
  rate.on_sample(1'000, Instant{} + seconds(1));
  rate.on_sample(500, Instant{} + seconds(2));
  CHECK_FALSE(rate.bytes_per_second());
  rate.on_sample(700, Instant{} + seconds(3));
  CHECK(*rate.bytes_per_second() == Approx(200));
}
