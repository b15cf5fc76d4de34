#include "core/rate_limiter.hpp"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;
using namespace std::chrono_literals;

namespace {
const Instant start{Duration(1h)};
}

TEST_CASE("without_a_rate_nothing_waits") {
  RateLimiter limiter;
  limiter.spend(RowCount(1'000'000'000), start);
  CHECK(limiter.next_start(start) == start);
}

TEST_CASE("a_batch_waits_until_the_one_before_is_paid_off") {
  RateLimiter limiter(RowCount(1000));
  CHECK(limiter.next_start(start) == start);
  limiter.spend(RowCount(500), start);
  CHECK(limiter.next_start(start) == start + 500ms);
  CHECK(limiter.next_start(start + 600ms) == start + 600ms);
}

TEST_CASE("a_batch_larger_than_the_bucket_starts_and_is_paid_off_later") {
  RateLimiter limiter(RowCount(10));
  limiter.spend(RowCount(1000), start);
  CHECK(limiter.next_start(start) == start + 100s);
  CHECK(limiter.next_start(start + 100s) == start + 100s);
}

TEST_CASE("after_an_idle_hour_one_second_of_rows_may_go_at_once") {
  RateLimiter limiter(RowCount(1000));
  limiter.spend(RowCount(1), start);
  const auto later = start + 1h;
  int started = 0;
  while (limiter.next_start(later) == later) {
    limiter.spend(RowCount(100), later);
    ++started;
  }
  CHECK(started == 11);  // 1000 rows of credit, and the one that overdraws it
}

TEST_CASE("over_any_ten_seconds_the_rate_is_kept_but_for_one_burst_and_one_batch") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    RateLimiter limiter(RowCount(1000));
    auto now = start;
    std::int64_t rows = 0;
    std::int64_t largest = 0;
    while (now < start + 10s) {
      now = std::max(limiter.next_start(now), now + Duration(1000 + random.below(20'000)));
      const auto batch = static_cast<std::int64_t>(1 + random.below(400));
      limiter.spend(RowCount(batch), now);
      rows += batch;
      largest = std::max(largest, batch);
    }
    INFO("seed " << seed);
    CHECK(rows <= 10'000 + 1000 + 2 * largest);
    CHECK(rows >= 9'000);
  }
}

TEST_CASE("rows_owed_are_paid_off_at_the_new_rate") {
  RateLimiter limiter(RowCount(10));
  limiter.spend(RowCount(1000), start);
  limiter.set(RowCount(1000), start);
  CHECK(limiter.next_start(start) == start + 1s);
  limiter.set(std::nullopt, start);
  CHECK(limiter.next_start(start) == start);
  limiter.set(RowCount(5), start);
  CHECK(limiter.next_start(start) == start);
}

TEST_CASE("absurd_counts_and_rates_stay_within_the_time_line") {
  RateLimiter limiter(RowCount(0));
  for (int i = 0; i < 3; ++i) {
    limiter.spend(RowCount(std::numeric_limits<std::int64_t>::max()), start);
  }
  CHECK(limiter.next_start(start) > start);
  limiter.set(RowCount(std::numeric_limits<std::int64_t>::max()), start);
  CHECK(limiter.next_start(start) <= start + 1s);
}
