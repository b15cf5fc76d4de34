#include "cli/gate.hpp"

#include <catch2/catch.hpp>

#include "unit/cli/sample_progress.hpp"

using namespace backfill;
using namespace backfill::cli;

namespace {

run::JobStatus job_in(std::string state) {
  run::JobStatus job;
  job.name = "emails";
  job.phase = "copy";
  job.state = std::move(state);
  job.progress = sample_view().progress;
  return job;
}

}  // namespace

TEST_CASE("the_gate_opens_for_a_done_job_alone") {
  CHECK(gate_answer("emails", job_in("done")).open);
  CHECK(gate_answer("emails", job_in("done")).line == "emails: done");
  for (const char* state : {"running", "stopped", "failed", "abandoned", "unproven", "", "Done"}) {
    CHECK_FALSE(gate_answer("emails", job_in(state)).open);
  }
}

TEST_CASE("progress_of_100_percent_does_not_open_the_gate") {
  run::JobStatus job = job_in("running");
  job.phase = "verify";
  job.progress.fraction_rows = 1.0;
  job.progress.fraction_key = 1.0;
  CHECK_FALSE(gate_answer("emails", job).open);
}

TEST_CASE("a_closed_gate_says_how_far_the_job_is") {
  CHECK(gate_answer("emails", job_in("running")).line ==
        "emails: not done: running in phase copy, 42.1 % by rows · 40.3 % by key position, "
        "3–5 min left");
  run::JobStatus failed = job_in("failed");
  failed.last_error = "value too long";
  CHECK(gate_answer("emails", failed).line ==
        "emails: not done: failed in phase copy, 42.1 % by rows · 40.3 % by key position, "
        "last error: value too long");
}

TEST_CASE("a_job_that_never_ran_keeps_the_gate_closed") {
  const GateAnswer answer = gate_answer("emials", std::nullopt);
  CHECK_FALSE(answer.open);
  CHECK(answer.line == "no job named emials has ever run here");
}
