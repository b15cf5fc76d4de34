#include "checkpoint/job_state.hpp"

#include <catch2/catch.hpp>

#include "checkpoint/migrations.hpp"
#include "checkpoint/runner_identity.hpp"

namespace backfill {

TEST_CASE("stored_job_states_are_frozen") {
  CHECK(to_string(JobState::running) == "running");
  CHECK(to_string(JobState::stopped) == "stopped");
  CHECK(to_string(JobState::failed) == "failed");
  CHECK(to_string(JobState::done) == "done");
  CHECK(parse_job_state("done") == JobState::done);
  CHECK_FALSE(parse_job_state("paused").has_value());
}

TEST_CASE("migrations_are_numbered_from_one_without_a_gap") {
  int expected = 1;
  for (const Migration& migration : control_schema_migrations()) {
    CHECK(migration.version == expected++);
    CHECK_FALSE(migration.scripts.empty());
  }
  CHECK(control_schema_version() == expected - 1);
}

TEST_CASE("a_live_process_is_not_taken_for_dead") {
  const RunnerIdentity self = identify_runner();
  CHECK_FALSE(known_dead(self, self));
  CHECK(self.runner.size() == 36);
  CHECK(self.runner != identify_runner().runner);
}

TEST_CASE("a_reused_pid_does_not_pass_for_the_process_that_had_it") {
  const RunnerIdentity self = identify_runner();
  REQUIRE_FALSE(self.process_start.empty());
  RunnerIdentity earlier = self;
  earlier.process_start += "0";
  CHECK(known_dead(earlier, self));
}

TEST_CASE("a_process_elsewhere_is_never_known_to_be_dead") {
  const RunnerIdentity self = identify_runner();
  RunnerIdentity other = self;
  other.pid = 0x7ffffff0;
  CHECK(known_dead(other, self));
  other.host = "another-host";
  CHECK_FALSE(known_dead(other, self));
  other.host = self.host;
  other.process_start = "another-boot/pid:[1]/1";
  CHECK_FALSE(known_dead(other, self));
  other.process_start.clear();
  CHECK_FALSE(known_dead(other, self));
}

}  // namespace backfill
