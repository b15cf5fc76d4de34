#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

#include "sim/world.hpp"

namespace backfill::sim {
namespace {

constexpr std::uint64_t default_seeds = 10'000;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::stoull(text);
}

/// Runs the seed; when it fails, once more with its history kept.
void check_seed(std::uint64_t seed) {
  INFO("to reproduce: BACKFILL_SIM_SEED=" << seed << " sim_tests");
  if (run_seed(seed).violation.empty()) return;
  const Verdict verdict = run_seed(seed, Planted::none, History::Kind::last);
  FAIL(verdict.violation << "\n" << verdict.history);
}

}  // namespace

/// A world that never gets into trouble proves nothing.
TEST_CASE("the_simulated_worlds_meet_every_kind_of_trouble") {
  Coverage met;
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) met += run_seed(seed).coverage;
  for (std::size_t i = 0; i < seen_names.size(); ++i) {
    CAPTURE(seen_names[i]);
    CHECK(met.counts[i] >= 10);
  }
}

TEST_CASE("a_seed_is_the_same_world_each_time") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CHECK(run_seed(seed).coverage.counts == run_seed(seed).coverage.counts);
  }
}

/// BACKFILL_SIM_SEED=n runs that one alone and prints all that happens in it; BACKFILL_SIM_SEEDS=n
/// runs that many.
TEST_CASE("every_row_is_done_exactly_once_whatever_goes_wrong") {
  if (const auto seed = number_from("BACKFILL_SIM_SEED")) {
    const Verdict verdict = run_seed(*seed, Planted::none, History::Kind::live);
    INFO("seed " << *seed);
    CHECK(verdict.violation == "");
    return;
  }
  const std::uint64_t seeds = number_from("BACKFILL_SIM_SEEDS").value_or(default_seeds);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) check_seed(seed);
}

}  // namespace backfill::sim
