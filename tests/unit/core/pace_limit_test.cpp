#include "core/pace_limit.hpp"

#include <catch2/catch.hpp>

namespace backfill {

namespace {

/// A million rows in ten seconds to two hundred, as limited to `most` a second.
JobEstimate limited(std::int64_t most) {
  JobEstimate estimate;
  estimate.rows = 1e6;
  estimate.seconds = {10, 200};
  PaceSettings pace;
  pace.rows_per_second = RowCount{most};
  limit_time(pace, &estimate);
  return estimate;
}

}  // namespace

TEST_CASE("a_limit_of_the_job_makes_it_last_as_long") {
  CHECK(limited(4'000).seconds == Span{250, 250});
  CHECK(limited(4'000).seconds_basis.find("pace.rows_per_second allows 4000") != std::string::npos);
  CHECK(limited(20'000).seconds == Span{50, 200});
}

TEST_CASE("a_limit_that_is_never_reached_is_not_told") {
  CHECK(limited(1'000'000).seconds == Span{10, 200});
  CHECK(limited(1'000'000).seconds_basis.empty());
  JobEstimate free;
  free.seconds = {10, 200};
  limit_time(PaceSettings{}, &free);
  CHECK(free.seconds == Span{10, 200});
}

}  // namespace backfill
