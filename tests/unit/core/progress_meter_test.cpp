#include "core/progress_meter.hpp"

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;
using namespace std::chrono_literals;

namespace {

const Instant start{Duration(1h)};

/// Works at a rate for a while and reads ten times a second.
struct Work {
  ProgressMeter meter;
  Instant now = start;
  double done = 0;
  RowCount total{1'000'000};
  bool exact = false;

  void run(Duration span, double keys_per_second) {
    const auto until = now + span;
    while (now < until) {
      now += 100ms;
      done += keys_per_second / 10;
      read();
    }
  }
  void read() { meter.on_progress(RowCount(static_cast<std::int64_t>(done)), total, exact, now); }
};

}  // namespace

TEST_CASE("before_enough_is_known_rate_and_eta_are_absent") {
  Work work;
  CHECK_FALSE(work.meter.estimate(start).fraction.has_value());
  work.read();
  CHECK(*work.meter.estimate(work.now).fraction == 0.0);
  work.run(3s, 1000);
  CHECK_FALSE(work.meter.estimate(work.now).keys_per_second.has_value());
  CHECK_FALSE(work.meter.estimate(work.now).eta.has_value());
  work.run(3s, 1000);
  CHECK(*work.meter.estimate(work.now).keys_per_second == Approx(1000).epsilon(0.01));
  CHECK(work.meter.estimate(work.now).eta.has_value());
}

TEST_CASE("a_steady_rate_gives_a_narrow_eta_that_is_right") {
  Work work;
  work.run(100s, 1000);
  const auto eta = work.meter.estimate(work.now).eta;
  REQUIRE(eta);
  CHECK(eta->low.count() == Approx(900).epsilon(0.02));
  CHECK(eta->high.count() == Approx(900).epsilon(0.02));
}

TEST_CASE("an_uneven_rate_gives_an_eta_range_around_the_mean") {
  Work work;
  for (int i = 0; i < 15; ++i) {
    work.run(2s, 500);
    work.run(2s, 1500);
  }
  const auto estimate = work.meter.estimate(work.now);
  const double left = 1e6 - work.done;
  CHECK(*estimate.keys_per_second == Approx(1000).epsilon(0.05));
  CHECK(static_cast<double>(estimate.eta->low.count()) < left / 1200);
  CHECK(static_cast<double>(estimate.eta->high.count()) > left / 800);
}

TEST_CASE("the_fraction_never_falls_and_never_passes_one") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    ProgressMeter meter;
    double last = 0;
    std::int64_t done = 0;
    auto now = start;
    for (int i = 0; i < 200; ++i) {
      now += Duration(random.below(2'000'000));
      done += static_cast<std::int64_t>(random.below(1000));
      const RowCount total(static_cast<std::int64_t>(random.below(150'000)));
      meter.on_progress(RowCount(done), total, random.below(2) == 0, now);
      const double fraction = *meter.estimate(now).fraction;
      REQUIRE(fraction >= last);
      REQUIRE(fraction <= 1.0);
      last = fraction;
    }
  }
}

TEST_CASE("an_estimated_total_that_is_too_low_never_shows_one") {
  Work work;
  work.total = RowCount(100);
  work.run(10s, 1000);
  CHECK(*work.meter.estimate(work.now).fraction == 0.999);
  work.total = RowCount(10'000);
  work.exact = true;
  work.read();
  CHECK(*work.meter.estimate(work.now).fraction == 1.0);
  CHECK(work.meter.estimate(work.now).eta->high == 0s);
}

TEST_CASE("an_empty_table_is_done_once_that_is_certain") {
  ProgressMeter meter;
  meter.on_progress(RowCount(0), RowCount(0), true, start);
  CHECK(*meter.estimate(start).fraction == 1.0);
}

TEST_CASE("what_was_done_before_a_resume_counts_for_the_fraction_but_not_for_the_rate") {
  Work work;
  work.done = 500'000;
  work.read();
  CHECK(*work.meter.estimate(work.now).fraction == 0.5);
  work.run(20s, 1000);
  CHECK(*work.meter.estimate(work.now).keys_per_second == Approx(1000).epsilon(0.01));
}

TEST_CASE("an_hour_of_pause_does_not_change_the_rate") {
  Work work;
  work.run(20s, 1000);
  work.meter.on_pause(work.now);
  work.meter.on_pause(work.now + 1min);
  work.now += 1h;
  CHECK(*work.meter.estimate(work.now).keys_per_second == Approx(1000).epsilon(0.01));
  work.meter.on_resume(work.now);
  work.meter.on_resume(work.now);
  work.run(20s, 1000);
  CHECK(*work.meter.estimate(work.now).keys_per_second == Approx(1000).epsilon(0.01));
}

TEST_CASE("batches_that_end_during_a_pause_count_without_its_time") {
  Work work;
  work.run(20s, 1000);
  work.meter.on_pause(work.now);
  work.now += 10min;
  work.done += 100;
  work.read();
  work.meter.on_resume(work.now);
  work.run(20s, 1000);
  CHECK(*work.meter.estimate(work.now).keys_per_second == Approx(1000).epsilon(0.02));
}

TEST_CASE("a_silence_lowers_the_rate_as_it_lasts") {
  Work work;
  work.run(60s, 1000);
  CHECK(*work.meter.estimate(work.now + 4s).keys_per_second == Approx(1000).epsilon(0.02));
  CHECK(*work.meter.estimate(work.now + 60s).keys_per_second == Approx(500).epsilon(0.02));
  CHECK(*work.meter.estimate(work.now + 600s).keys_per_second < 100);
}

TEST_CASE("the_rate_follows_the_last_minute") {
  Work work;
  work.run(10min, 1000);
  work.run(70s, 100);
  CHECK(*work.meter.estimate(work.now).keys_per_second == Approx(100).epsilon(0.02));
}

TEST_CASE("one_slow_batch_is_spread_over_the_time_it_took") {
  Work work;
  work.read();
  work.now += 40s;
  work.done += 40'000;
  work.read();
  const auto estimate = work.meter.estimate(work.now);
  CHECK(*estimate.keys_per_second == Approx(1000).epsilon(0.01));
  CHECK(estimate.eta->low == estimate.eta->high);
}

TEST_CASE("without_a_total_there_is_a_rate_but_neither_fraction_nor_eta") {
  ProgressMeter meter;
  for (int i = 0; i <= 100; ++i) {
    meter.on_progress(RowCount(i * 100), std::nullopt, false, start + i * Duration(100ms));
  }
  const auto estimate = meter.estimate(start + 10s);
  CHECK(*estimate.keys_per_second == Approx(1000).epsilon(0.01));
  CHECK_FALSE(estimate.fraction.has_value());
  CHECK_FALSE(estimate.eta.has_value());
}

TEST_CASE("when_nothing_moves_there_is_no_eta") {
  Work work;
  work.run(20s, 0);
  CHECK(*work.meter.estimate(work.now).keys_per_second == 0.0);
  CHECK_FALSE(work.meter.estimate(work.now).eta.has_value());
}
