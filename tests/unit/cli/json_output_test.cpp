#include "cli/json_output.hpp"

#include <limits>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/cli/sample_progress.hpp"

using namespace backfill;
using namespace backfill::cli;
using nlohmann::json;
using Keys = std::vector<std::string>;

namespace {

run::JobStatus sample_job() {
  run::JobStatus job;
  job.name = "emails";
  job.kind = "backfill";
  job.table = "public.users";
  job.phase = "copy";
  job.state = "running";
  job.progress = sample_view().progress;
  job.checkpoint_age = std::chrono::milliseconds{1'500};
  job.created_at = "2024-01-31T12:00:00Z";
  return job;
}

/// In the order of the text.
Keys keys_of(const nlohmann::ordered_json& object) {
  Keys keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

}  // namespace

TEST_CASE("the_keys_of_status_are_frozen") {
  const auto job = nlohmann::ordered_json::parse(status_json(sample_job(), false));
  CHECK(keys_of(job) == Keys{"job", "kind", "table", "phase", "state", "progress", "owner", "lag",
                             "checkpoint_age_seconds", "last_error", "rows_quarantined", "paused",
                             "settings", "proofs", "created_at", "updated_at", "finished_at"});
  CHECK(keys_of(job.at("progress")) ==
        Keys{"phase", "rows_done", "rows_total", "fraction_rows", "fraction_key", "rows_changed",
             "rows_per_second", "eta_seconds", "batch_rows", "batch_ms", "workers_busy",
             "workers_limit", "doing", "limited_by", "batches", "retries"});
}

TEST_CASE("status_values_are_numbers_and_seconds") {
  const json job = json::parse(status_json(sample_job(), false));
  CHECK(job.at("checkpoint_age_seconds") == 1.5);
  CHECK(job.at("progress").at("rows_total") == 2'000'000);
  CHECK(job.at("progress").at("eta_seconds") == json{{"low", 200}, {"high", 290}});
}

TEST_CASE("a_proof_is_told_with_its_ranges_and_checksums_of_any_width_as_text") {
  run::JobStatus proven = sample_job();
  CHECK(json::parse(status_json(proven, false)).at("proofs") == json::array());
  ProofReport proof;
  proof.phase = "verify shop.lines";
  proof.pass = 2;
  proof.rows_compared = 3000;
  proof.checksum_held = "-98765432109876543210987";
  proof.checksum_expected = proof.checksum_held;
  ProvenRange range;
  range.number = 4;
  range.complete = true;
  range.rows_compared = 3000;
  range.checksum_held = proof.checksum_held;
  range.checksum_expected = "1";
  proof.ranges = {range, ProvenRange{}};
  proven.proofs.push_back(proof);
  const json told = json::parse(status_json(proven, false)).at("proofs").at(0);
  CHECK(told.at("phase") == "verify shop.lines");
  CHECK(told.at("pass") == 2);
  CHECK(told.at("complete") == false);
  CHECK(told.at("rows_compared") == 3000);
  CHECK(told.at("checksums_agree") == true);
  CHECK(told.at("checksum_held") == "-98765432109876543210987");
  CHECK(told.at("ranges").at(0) == json{{"no", 4},
                                        {"complete", true},
                                        {"rows_compared", 3000},
                                        {"rows_differing", 0},
                                        {"checksum_held", "-98765432109876543210987"},
                                        {"checksum_expected", "1"}});
  CHECK(told.at("ranges").at(1).at("checksum_held").is_null());
}

TEST_CASE("a_pause_and_changed_settings_are_told_with_their_authors") {
  run::JobStatus paused = sample_job();
  CHECK(json::parse(status_json(paused, false)).at("paused").is_null());
  CHECK(json::parse(status_json(paused, false)).at("settings") == json::array());
  paused.paused_by = "alice@host";
  paused.paused_at = "2024-01-31 12:00:00+00";
  paused.settings.push_back({"pace.connections", "1", "4", "bob@host", "2024-01-31 12:00:01+00"});
  const json job = json::parse(status_json(paused, false));
  CHECK(job.at("paused") == json{{"by", "alice@host"}, {"since", "2024-01-31 12:00:00+00"}});
  CHECK(job.at("settings").at(0).at("key") == "pace.connections");
  CHECK(job.at("settings").at(0).at("value") == "1");
  CHECK(job.at("settings").at(0).at("file_value") == "4");
}

TEST_CASE("what_is_not_known_is_null") {
  run::JobStatus job;
  job.name = "emails";
  job.progress.rows_per_second = std::numeric_limits<double>::quiet_NaN();
  const json object = json::parse(status_json(job, false));
  for (const char* key : {"owner", "lag", "checkpoint_age_seconds", "last_error", "finished_at"}) {
    CHECK(object.at(key).is_null());
  }
  for (const char* key : {"rows_total", "fraction_rows", "fraction_key", "rows_per_second",
                          "eta_seconds", "batch_rows", "batch_ms", "limited_by"}) {
    CHECK(object.at("progress").at(key).is_null());
  }
}

TEST_CASE("a_fraction_in_json_never_exceeds_one") {
  run::JobStatus job = sample_job();
  job.progress.fraction_rows = 1.2;
  CHECK(json::parse(status_json(job, false)).at("progress").at("fraction_rows") == 1.0);
}

TEST_CASE("all_jobs_are_an_array_and_a_named_one_an_object_or_null") {
  CHECK(json::parse(status_json(std::vector<run::JobStatus>{})) == json::array());
  CHECK(json::parse(status_json(std::vector{sample_job(), sample_job()})).size() == 2);
  CHECK(status_json(std::nullopt, false) == "null\n");
}

TEST_CASE("watched_json_is_one_line_each_time") {
  const std::string line = status_json(sample_job(), true);
  CHECK(line.find('\n') == line.size() - 1);
  const std::string all = status_json_line({sample_job(), sample_job()});
  CHECK(all.find('\n') == all.size() - 1);
}

TEST_CASE("the_keys_of_plan_are_frozen") {
  run::PlanReport plan;
  plan.code = ExitCode::refused;
  plan.steps.push_back({"copy", "UPDATE t SET a = 1", "ROW EXCLUSIVE"});
  plan.findings = {"refuse: no key"};
  const auto object = nlohmann::ordered_json::parse(plan_json(plan, "emails"));
  CHECK(keys_of(object) == Keys{"job", "exit_code", "table", "key", "scan", "proof", "rows",
                                "table_bytes", "steps", "findings", "estimate", "next"});
  CHECK(keys_of(object.at("steps").at(0)) == Keys{"phase", "lock", "sql", "script"});
  CHECK(object.at("exit_code") == 3);
  CHECK(object.at("rows").is_null());
}
