#include "cli/reports.hpp"

#include <catch2/catch.hpp>

#include "unit/cli/sample_progress.hpp"

using namespace backfill;
using namespace backfill::cli;

namespace {

run::JobStatus sample_job() {
  run::JobStatus job;
  job.name = "emails";
  job.kind = "backfill";
  job.table = "public.users";
  job.phase = "copy";
  job.state = "running";
  job.progress = sample_view().progress;
  job.owner = "app1 pid 4711 since 2024-01-31 12:00:00+00";
  job.lag = "standby1 0.1 s";
  job.checkpoint_age = std::chrono::milliseconds{300};
  job.created_at = "2024-01-31 12:00:00+00";
  job.updated_at = "2024-01-31 12:01:02+00";
  return job;
}

run::JobStatus done_job() {
  run::JobStatus job;
  job.name = "names";
  job.state = "done";
  job.phase = "done";
  job.progress.fraction_rows = 1;
  job.progress.fraction_key = 1;
  return job;
}

run::PlanReport sample_plan() {
  run::PlanReport plan;
  plan.table = "public.users";
  plan.key = "id (index users_pkey)";
  plan.scan = "keyset, in key order";
  plan.rows = 2'000'000;
  plan.table_bytes = 432'013'312;
  plan.proof = "no row matches where any more";
  plan.steps = {{"add", "ALTER TABLE users ADD COLUMN e text", "ACCESS EXCLUSIVE, for an instant"},
                {"copy", "UPDATE users\n   SET e = lower(email)\n WHERE id > $1;", "ROW EXCLUSIVE"},
                {"copy", "SELECT 1", ""}};
  plan.findings = {"warn: a long transaction is open"};
  plan.next = "backfill run emails.yaml";
  return plan;
}

}  // namespace

TEST_CASE("status_tells_what_the_proof_of_a_type_copy_has_seen") {
  run::JobStatus proven = done_job();
  ProofReport proof;
  proof.phase = "verify";
  proof.complete = true;
  proof.rows_compared = 1234567;
  proof.checksum_held = "5";
  proof.checksum_expected = "5";
  proof.proven_at = "2024-01-31 12:00:00+00";
  proof.ranges.resize(3);
  proven.proofs.push_back(proof);
  const DisplayStyle style{200, true, false};
  CHECK_THAT(status_detail(proven, style),
             Catch::Contains("verify: 1,234,567 rows compared in 3 ranges, 0 differ, checksums "
                             "agree (view backfill.proofs) at 2024-01-31 12:00:00+00"));
  proven.proofs[0].checksum_expected = "6";
  proven.proofs[0].complete = false;
  CHECK_THAT(status_detail(proven, style),
             Catch::Contains("verify, so far: 1,234,567 rows compared in 3 ranges, 0 differ, "
                             "checksums do not agree"));
}

TEST_CASE("an_outcome_prints_summary_details_and_the_next_command") {
  CHECK(outcome_text({ExitCode::refused,
                      "refused: the file has changed",
                      {"- a", "+ b"},
                      "backfill plan x"}) ==
        "refused: the file has changed\n  - a\n  + b\nnext: backfill plan x\n");
  CHECK(outcome_text({ExitCode::done, "done", {}, ""}) == "done\n");
}

TEST_CASE("status_of_all_jobs_is_an_aligned_table") {
  CHECK(status_table({sample_job(), done_job()}, {120, true, false}) ==
        "JOB     STATE          ROWS     KEY      SPEED        LEFT     LIMITED BY\n"
        "emails  copy, running  42.1 %   40.3 %   118k rows/s  3–5 min  lag of standby2 3.1 s of 5 "
        "s\n"
        "names   done           100.0 %  100.0 %  -            -        -\n");
}

TEST_CASE("status_of_one_job_tells_everything_known") {
  CHECK(status_detail(sample_job(), {120, true, false}) ==
        "emails: copy, running\n"
        "  table       public.users (backfill)\n"
        "  progress    42.1 % by rows · 40.3 % by key position\n"
        "  rows        842,000 of 2,000,000 rows passed · 841,113 changed\n"
        "  speed       118k rows/s · 3–5 min left\n"
        "  limited by  lag of standby2 3.1 s of 5 s\n"
        "  batches     batch 5,000 rows in 12 ms\n"
        "  workers     2 of 4\n"
        "  retries     3\n"
        "  lag         standby1 0.1 s\n"
        "  checkpoint  300 ms ago\n"
        "  runner      app1 pid 4711 since 2024-01-31 12:00:00+00\n"
        "  created     2024-01-31 12:00:00+00\n"
        "  updated     2024-01-31 12:01:02+00\n"
        "  next        backfill status emails --watch\n");
}

TEST_CASE("a_paused_job_shows_who_paused_it_and_how_to_go_on") {
  run::JobStatus job = sample_job();
  job.paused_by = "alice@host";
  job.paused_at = "2024-01-31 12:00:00+00";
  job.settings.push_back({"pace.connections", "1", "4", "bob@host", "2024-01-31 12:00:01+00"});
  const std::string text = status_detail(job, {120, true, false});
  CHECK(text.starts_with("emails: copy, paused\n"));
  CHECK(text.find("paused      by alice@host since 2024-01-31 12:00:00+00\n") != std::string::npos);
  CHECK(text.find("set         pace.connections=1 (file: 4) by bob@host at 2024-01-31 "
                  "12:00:01+00\n") != std::string::npos);
  CHECK(text.find("next        backfill resume emails\n") != std::string::npos);
  job.state = "stopped";
  CHECK(status_detail(job, {120, true, false}).starts_with("emails: copy, stopped, paused\n"));
}

TEST_CASE("a_stopped_job_shows_no_speed_and_how_to_go_on") {
  run::JobStatus job = sample_job();
  job.state = "stopped";
  const std::string text = status_detail(job, {120, true, false});
  CHECK(text.find("speed") == std::string::npos);
  CHECK(text.find("next        backfill run") != std::string::npos);
}

TEST_CASE("the_plan_shows_steps_with_locks_on_one_line_each") {
  CHECK(plan_text(sample_plan(), "emails", {80, true, false}) ==
        "plan for emails: nothing has been written\n"
        "  table   public.users, about 2,000,000 rows, 412 MiB\n"
        "  key     id (index users_pkey)\n"
        "  scan    keyset, in key order\n"
        "  proof   no row matches where any more\n"
        "steps (whole statements: --sql)\n"
        "  add     ALTER TABLE users ADD COLUMN e text\n"
        "            lock: ACCESS EXCLUSIVE, for an instant\n"
        "  copy    UPDATE users SET e = lower(email) WHERE id > $1\n"
        "            lock: ROW EXCLUSIVE\n"
        "          (1 of our own that lock nothing)\n"
        "findings\n"
        "  warn: a long transaction is open\n"
        "next: backfill run emails.yaml\n");
}

TEST_CASE("a_lock_is_told_once_behind_the_statements_that_take_it") {
  run::PlanReport plan = sample_plan();
  plan.steps = {{"switch", "ALTER 1", "exclusive"}, {"switch", "SELECT 1", ""},
                {"switch", "ALTER 2", "exclusive"}, {"switch", "VALIDATE", "share"},
                {"books", "SELECT 2", ""},          {"drop", "ALTER 3", "share"}};
  const std::string text = plan_text(plan, "types", {80, true, false});
  CHECK_THAT(text, Catch::Contains("  switch  ALTER 1\n"
                                   "          ALTER 2\n"
                                   "            lock: exclusive\n"
                                   "          VALIDATE\n"
                                   "            lock: share\n"
                                   "          (1 of our own that lock nothing)\n"
                                   "  books   (1 of our own that lock nothing)\n"
                                   "  drop    ALTER 3\n"
                                   "            lock: share\n"));
}

TEST_CASE("a_finding_is_never_cut") {
  run::PlanReport plan = sample_plan();
  plan.findings = {"refuse: " + std::string(200, 'x') + " fix"};
  CHECK(plan_text(plan, "emails", {40, true, false}).find("x fix\n") != std::string::npos);
}

TEST_CASE("the_sql_of_a_plan_is_a_script_whose_prose_is_in_comments") {
  run::PlanReport plan = sample_plan();
  plan.steps.resize(2);
  plan.steps[1].lock = "ROW EXCLUSIVE\nfor one batch";
  CHECK(plan_sql(plan, "emails") ==
        "-- plan for emails: nothing has been written\n"
        "-- table: public.users, about 2,000,000 rows, 412 MiB\n"
        "-- key: id (index users_pkey)\n"
        "-- scan: keyset, in key order\n"
        "-- proof: no row matches where any more\n"
        "-- warn: a long transaction is open\n"
        "\n"
        "-- add: ACCESS EXCLUSIVE, for an instant\n"
        "ALTER TABLE users ADD COLUMN e text;\n"
        "\n"
        "-- copy: ROW EXCLUSIVE\n"
        "-- for one batch\n"
        "UPDATE users\n   SET e = lower(email)\n WHERE id > $1;\n");
}

TEST_CASE("a_script_puts_together_what_belongs_together_and_leaves_the_last_word_to_people") {
  run::PlanReport plan = sample_plan();
  plan.findings.clear();
  plan.session = {"SET lock_timeout = '1000ms'"};
  plan.steps = {{"copy", "UPDATE t SET a = $1", "", "DO 'the whole sweep'"},
                {"switch", "ALTER 1", "", "", true},
                {"switch", "UPDATE backfill.phases", "", "-- (left out)", true},
                {"after", "ALTER 2;\n", ""},
                {"drop", "DROP 1\nDROP 2", "", "", false, true}};
  const std::string script = plan_sql(plan, "emails");
  CHECK(script.substr(script.find("SET lock")) ==
        "SET lock_timeout = '1000ms';\n\n-- copy\nDO 'the whole sweep';\n\nBEGIN;\n\n-- switch\n"
        "ALTER 1;\n\n-- switch\n-- (left out)\n\nCOMMIT;\n\n-- after\nALTER 2;\n\n"
        "-- by hand, once nobody wants to go back any more:\n\n-- drop\n-- DROP 1\n-- DROP 2;\n");
}

TEST_CASE("a_plan_says_what_to_expect_and_on_what_that_rests") {
  run::PlanReport plan = sample_plan();
  EstimateFacts facts;
  facts.rows = 1e6;
  facts.heap_bytes = 1e8;
  facts.changing_basis = "every row";
  facts.receivers = 1;
  plan.estimate = estimate_job(facts, std::nullopt);
  const std::string text = plan_text(plan, "emails", {});
  for (const auto* words : {"estimate\n", "rows         about 1,000,000", "time         10 s to",
                            "WAL ", "table grows", "indexes grow", "peak disk", "replication"}) {
    INFO(words << "\n" << text);
    CHECK(text.find(words) != std::string::npos);
  }
}

TEST_CASE("a_refused_plan_says_so_first") {
  run::PlanReport plan = sample_plan();
  plan.code = ExitCode::refused;
  CHECK(plan_text(plan, "emails", {}).starts_with("plan for emails: refused; nothing has been"));
}
