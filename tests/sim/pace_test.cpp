#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/pace_world.hpp"

namespace backfill::sim::pace {
namespace {

constexpr std::uint64_t default_seeds = 10'000;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::stoull(text);
}

/// The first seed of every `workers`-th, from `first` on, that broke a promise.
std::optional<std::uint64_t> first_failure(std::uint64_t first, std::uint64_t seeds,
                                           std::uint64_t workers) {
  for (std::uint64_t seed = first; seed <= seeds; seed += workers) {
    if (!run_seed(seed).violation.empty()) return seed;
  }
  return std::nullopt;
}

}  // namespace

/// A world that never gets into trouble proves nothing.
TEST_CASE("the_simulated_neighbourhoods_meet_every_kind_of_trouble") {
  Coverage met;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) met += run_seed(seed).coverage;
  for (std::size_t i = 0; i < seen_names.size(); ++i) {
    CAPTURE(seen_names[i]);
    CHECK(met.counts[i] >= 10);
  }
}

TEST_CASE("a_seed_is_the_same_neighbourhood_each_time") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CHECK(run_seed(seed).coverage.counts == run_seed(seed).coverage.counts);
  }
}

/// Seeds that have found something, each with what it was.
TEST_CASE("a_rest_is_not_ended_by_a_pace_that_rises_a_little") {
  CHECK(run_seed(3).violation == "");
}

TEST_CASE("a_stop_that_came_during_a_pause_outlasts_it") {
  CHECK(run_seed(18).violation == "");
}

TEST_CASE("wal_from_the_beginning_of_a_gap_between_readings_is_as_old_as_the_gap") {
  CHECK(run_seed(124).violation == "");
}

TEST_CASE("news_of_a_waiter_do_not_cancel_the_batch_that_came_after_his") {
  CHECK(run_seed(3709).violation == "");
}

TEST_CASE("a_lost_cancel_request_of_an_interrupt_keeps_nobody_waiting") {
  CHECK(run_seed(9634).violation == "");
}

/// BACKFILL_PACE_SEED=n runs that one alone and prints all that happens in it;
/// BACKFILL_PACE_SEEDS=n runs that many.
TEST_CASE("the_neighbours_are_safe_whatever_goes_wrong") {
  if (const auto seed = number_from("BACKFILL_PACE_SEED")) {
    const Verdict verdict = run_seed(*seed, Planted::none, History::Kind::live);
    INFO("seed " << *seed);
    CHECK(verdict.violation == "");
    return;
  }
  const std::uint64_t seeds = number_from("BACKFILL_PACE_SEEDS").value_or(default_seeds);
  constexpr std::uint64_t workers = 2;
  std::vector<std::optional<std::uint64_t>> failures(workers);
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < workers; ++i) {
    threads.emplace_back(
        [&failures, i, seeds] { failures[i] = first_failure(i + 1, seeds, workers); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::optional<std::uint64_t>& seed : failures) {
    if (!seed) continue;
    INFO("to reproduce: BACKFILL_PACE_SEED=" << *seed << " sim_tests");
    const Verdict verdict = run_seed(*seed, Planted::none, History::Kind::last);
    FAIL(verdict.violation << "\n" << verdict.history);
  }
}

}  // namespace backfill::sim::pace
