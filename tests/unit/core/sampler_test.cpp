#include "core/sampler.hpp"

#include <vector>

#include <catch2/catch.hpp>

using namespace backfill;
using namespace std::chrono_literals;

namespace {

Glance at_work(std::int64_t rows) {
  Glance glance;
  glance.phase = "copy";
  glance.totals.rows_passed = rows;
  glance.workers_busy = 2;
  return glance;
}

/// A run that is looked at once a second, and what comes of it.
struct Watched {
  Instant now{1h};
  Sampler sampler{now};
  std::vector<Sample> samples;

  void look(const Glance& glance, Duration after = 1s) {
    now += after;
    keep(sampler.look(glance, now));
  }
  void keep(std::optional<Sample> sample) {
    if (!sample) return;
    samples.push_back(*std::move(sample));
    sampler.written(static_cast<std::int64_t>(samples.size()));
  }
};

}  // namespace

TEST_CASE("the_spans_of_samples_add_up_to_the_run_and_their_counts_to_its_counts") {
  Watched run;
  for (std::int64_t second = 1; second <= 4000; ++second) run.look(at_work(second * 7));
  run.now += 300ms;
  run.keep(run.sampler.last(at_work(4000 * 7 + 3), run.now));
  Duration spans{};
  std::int64_t rows = 0;
  for (const Sample& sample : run.samples) {
    spans += sample.span;
    rows += sample.rows_passed;
    CHECK(sample.workers == 2);
  }
  CHECK(spans == 4000s + 300ms);
  CHECK(rows == 4000 * 7 + 3);
  CHECK(run.samples.size() < 1200);
}

TEST_CASE("a_job_of_a_week_has_few_thousand_samples_and_a_later_run_goes_on_as_sparsely") {
  std::int64_t samples = 0;
  for (Duration passed{}; passed < std::chrono::hours{24 * 7}; ++samples) {
    passed += Sampler::span_after(samples);
  }
  CHECK(samples < 3600);
  CHECK(samples > 3000);
  CHECK(Sampler::span_after(0) == 1s);
  CHECK(Sampler::span_after(299) == 1s);
  CHECK(Sampler::span_after(300) == 2s);
  CHECK(Sampler::span_after(INT64_MAX) > std::chrono::hours{24});
}

TEST_CASE("a_span_ends_with_its_phase") {
  Watched run;
  run.sampler.written(3000);
  run.look(at_work(10));
  run.look(at_work(20));
  CHECK(run.samples.empty());
  Glance verifying = at_work(25);
  verifying.phase = "verify";
  run.look(verifying);
  REQUIRE(run.samples.size() == 1);
  CHECK(run.samples[0].phase == "copy");
  CHECK(run.samples[0].span == 3s);
  CHECK(run.samples[0].rows_passed == 25);
  run.now += 1s;
  run.keep(run.sampler.last(verifying, run.now));
  REQUIRE(run.samples.size() == 2);
  CHECK(run.samples[1].phase == "verify");
  CHECK(run.samples[1].rows_passed == 0);
}

TEST_CASE("rows_of_the_end_of_a_phase_are_not_those_of_the_next") {
  Watched run;
  run.look(at_work(10));  // a span ends here, and a fraction later the phase
  Glance next = at_work(70);
  next.phase = "enforce";
  run.look(next);
  REQUIRE(run.samples.size() == 2);
  CHECK(run.samples[1].phase == "copy");
  CHECK(run.samples[1].rows_passed == 60);
}

TEST_CASE("a_sample_hides_no_peak_and_tells_the_time_lost_within_it_alone") {
  Watched run;
  run.sampler.written(700);  // spans of four seconds
  Glance glance = at_work(10);
  glance.batch_ms = 10;
  glance.lag_s = 0.1;
  glance.time_lost = {{"replica_lag", 2s}};
  run.look(glance);
  glance.batch_ms = 50;
  glance.lag_s = 3.5;
  run.look(glance);
  glance.batch_ms.reset();
  glance.lag_s.reset();
  run.look(glance);
  glance.batch_ms = 30;
  glance.lag_s = 0.2;
  glance.time_lost = {{"lock_wait", 500ms}, {"replica_lag", 3s}};
  run.look(glance);
  REQUIRE(run.samples.size() == 1);
  CHECK(run.samples[0].batch_ms == Approx(30));
  CHECK(run.samples[0].batch_ms_max == 50.0);
  CHECK(run.samples[0].lag_s == 3.5);
  run.sampler.written(0);
  glance.time_lost["lock_wait"] = 700ms;
  run.look(glance);
  REQUIRE(run.samples.size() == 2);
  CHECK(run.samples[1].time_lost == std::map<std::string, Duration>{{"lock_wait", 200ms}});
  CHECK(run.samples[1].batch_ms_max == 30.0);
}

TEST_CASE("counts_that_a_crash_has_taken_back_are_not_negative_rows") {
  Watched run;
  run.look(at_work(100));
  run.look(at_work(90));
  REQUIRE(run.samples.size() == 2);
  CHECK(run.samples[1].rows_passed == 0);
}
