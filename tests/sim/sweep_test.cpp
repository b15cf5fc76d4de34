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
