#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "sim/pace_world.hpp"

/// Proof that the neighbourhood finds bugs: each of these is a mistake of an interpreter (the
/// decisions are the real ones), and each must be seen within a few hundred worlds, for what it is.
namespace backfill::sim::pace {
namespace {

constexpr std::uint64_t seeds_at_most = 2'000;

bool sees(Planted planted, const std::string& violation) {
  for (std::uint64_t seed = 1; seed <= seeds_at_most; ++seed) {
    if (run_seed(seed, planted).violation == violation) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a_failed_reading_that_is_told_as_a_fresh_one_is_found_out") {
  CHECK(sees(Planted::failure_republishes_last_reading,
             "the pace is stopped if and only if a signal asks for it"));
}

TEST_CASE("a_required_signal_that_is_treated_as_an_optional_one_is_found_out") {
  CHECK(sees(Planted::required_signal_is_optional,
             "the pace is stopped if and only if a signal asks for it"));
}

TEST_CASE("the_reported_lag_taken_for_the_whole_truth_is_found_out") {
  CHECK(sees(Planted::replay_lag_alone_is_believed,
             "a standby is further behind than its estimate says"));
}

TEST_CASE("the_clock_of_a_standby_taken_for_the_primarys_is_found_out") {
  CHECK(sees(Planted::reply_time_alone_is_believed, "a standby that is level is said to lag"));
}

TEST_CASE("a_standby_forgotten_as_soon_as_it_is_gone_is_found_out") {
  CHECK(sees(Planted::gone_standby_is_forgotten, "a batch was started while a standby is away"));
}

TEST_CASE("a_lock_watch_that_lets_waiters_through_too_late_is_found_out") {
  CHECK(
      sees(Planted::lock_watch_is_late, "a session waited for a batch for longer than the limit"));
}

/// Rare, hence by the seed that found it.
TEST_CASE("news_of_waiters_that_cancel_the_wrong_batch_are_found_out") {
  CHECK(run_seed(3709, Planted::stale_news_cancel_the_next_batch).violation ==
        "a session waited for a batch for longer than the limit");
}

TEST_CASE("a_dropped_request_to_end_is_found_out") {
  CHECK(sees(Planted::end_request_is_dropped, "a job that should end was not told to"));
}

TEST_CASE("a_wall_clock_in_the_place_of_a_monotonic_one_is_found_out") {
  CHECK(
      sees(Planted::wall_clock_is_used, "the pace is stopped if and only if a signal asks for it"));
}

TEST_CASE("readings_that_count_from_their_arrival_are_found_out") {
  CHECK(sees(Planted::reading_counts_from_arrival,
             "a standby is further behind than its estimate says"));
}

TEST_CASE("a_forgotten_pause_is_found_out") {
  CHECK(
      sees(Planted::pause_is_forgotten, "the pace is stopped if and only if a signal asks for it"));
}

TEST_CASE("a_sweep_that_is_told_of_stops_only_is_found_out") {
  CHECK(sees(Planted::rest_is_not_kept, "a slot did not rest"));
}

}  // namespace backfill::sim::pace
