#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "sim/world.hpp"

/// Proof that the world finds bugs: each of these is a mistake of an interpreter or of the control
/// schema (the engine is the real one), and each must be seen within a few hundred worlds.
namespace backfill::sim {
namespace {

constexpr std::uint64_t seeds_at_most = 3'000;

/// What the first world that sees the bug says of it; empty when none does.
std::string detected(Planted planted) {
  for (std::uint64_t seed = 1; seed <= seeds_at_most; ++seed) {
    if (const Verdict verdict = run_seed(seed, planted); !verdict.violation.empty()) {
      return verdict.violation;
    }
  }
  return {};
}

/// Whether one of the worlds sees exactly this.
bool sees(Planted planted, const std::string& violation) {
  for (std::uint64_t seed = 1; seed <= seeds_at_most; ++seed) {
    if (run_seed(seed, planted).violation == violation) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a_checkpoint_that_ignores_the_cursor_is_found_out") {
  CHECK(sees(Planted::checkpoint_ignores_cursor, "a row was skipped"));
}

TEST_CASE("a_checkpoint_that_ignores_the_stripe_is_found_out") {
  CHECK(detected(Planted::checkpoint_ignores_stripe) != "");
}

TEST_CASE("a_takeover_that_keeps_the_epochs_is_found_out") {
  CHECK(sees(Planted::takeover_keeps_epochs, "a row was done twice"));
}

TEST_CASE("an_unknown_commit_taken_for_a_failed_one_is_found_out") {
  CHECK(detected(Planted::settle_invents_answer) != "");
}

TEST_CASE("a_settling_that_lets_late_transactions_in_is_found_out") {
  CHECK(sees(Planted::checkpoint_ignores_settling,
             "a transaction took effect that was sent before its range was settled"));
}

TEST_CASE("a_phase_end_that_trusts_unsynced_checkpoints_is_found_out") {
  CHECK(sees(Planted::phase_end_trusts_checkpoints,
             "completed, and the server has a range that is not closed"));
}

TEST_CASE("rows_that_are_recorded_with_their_batch_and_again_after_it_are_found_out") {
  CHECK(sees(Planted::count_recorded_twice, "more rows were recorded than were changed"));
}

TEST_CASE("a_quarantine_outside_the_batch_s_transaction_is_found_out") {
  CHECK(detected(Planted::quarantine_by_itself) != "");
}

TEST_CASE("a_quarantine_that_forgets_its_row_is_found_out") {
  CHECK(sees(Planted::quarantine_forgets_row, "a row was skipped"));
}

TEST_CASE("a_row_taken_for_bad_because_it_ends_the_batch_is_found_out") {
  CHECK(detected(Planted::end_taken_for_row) != "");
}

TEST_CASE("a_lost_acknowledgement_told_as_a_failure_is_found_out") {
  CHECK(detected(Planted::lost_ack_told_as_failure) != "");
}

}  // namespace backfill::sim
