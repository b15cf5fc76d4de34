#include "cli/rehearse_report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace backfill::cli {

namespace {

run::Rehearsal sample() {
  run::Rehearsal rehearsal;
  rehearsal.table = "\"public\".\"people\"";
  rehearsal.wrote = true;
  rehearsal.batches = 4;
  rehearsal.positions = 4;
  rehearsal.keys = 4'000;
  rehearsal.rows = 1'000;
  rehearsal.seconds = 0.5;
  rehearsal.batch_ms = 125;
  rehearsal.rows_per_second = 2'000;
  rehearsal.keys_per_second = 8'000;
  rehearsal.wal_per_row = 210;
  rehearsal.wal_images = 0.25;
  rehearsal.wal_ours = 210'000;
  rehearsal.wal_server = 2'310'000;
  rehearsal.hot_share = 0.5;
  rehearsal.samples = {{"key 17", {{"slug", std::nullopt, "a\nb"}}}};
  rehearsal.failing = {{"key 18", "22P02", "bad"}};
  rehearsal.dead_rows = 1'000;
  rehearsal.dead_bytes = 1 << 20;
  rehearsal.estimate = estimate_job({}, std::nullopt);
  rehearsal.next = "backfill plan job.yaml";
  return rehearsal;
}

}  // namespace

TEST_CASE("a_rehearsal_says_what_it_leaves_and_what_it_has_measured") {
  const std::string text = rehearsal_text(sample(), "slugs", {});
  for (const auto* words :
       {"rehearsal of slugs: rolled back; what is left are at most 1,000 dead row versions",
        "4 batches at 4 places of the key, 1,000 of 4,000 rows changed in 0.50 s",
        "2,000 rows/s by one connection, 125.0 ms a batch", "210 bytes a row, 0.25 full images",
        "others (or triggers) wrote 2.0 MiB meanwhile", "50.0 % of the updates", "locks     none",
        "key 17: slug: NULL → 'a b'", "key 18: bad (SQLSTATE 22P02)", "peak disk",
        "next: backfill plan job.yaml\n"}) {
    INFO(words << "\n" << text);
    CHECK(text.find(words) != std::string::npos);
  }
}

TEST_CASE("a_rehearsal_shows_each_table_and_counts_the_dead_rows_of_all") {
  run::Rehearsal rehearsal = sample();
  run::Rehearsal followed = sample();
  followed.table = "\"public\".\"pets\"";
  followed.dead_rows = 234;
  followed.notes = {"COMMIT is not part of it"};
  rehearsal.notes = followed.notes;
  rehearsal.followed = {followed};
  const std::string text = rehearsal_text(rehearsal, "keys", {});
  CHECK(text.find("at most 1,234 dead row versions") != std::string::npos);
  CHECK(text.find("a table that changes along\n  table     \"public\".\"pets\"") !=
        std::string::npos);
  CHECK(text.find("COMMIT") == text.rfind("COMMIT"));  // said once
  const auto json = nlohmann::json::parse(rehearsal_json(rehearsal, "keys"));
  CHECK(json["followed"][0]["table"] == followed.table);
  CHECK(json["followed"][0]["batches"] == 4);
  CHECK(json["batches"] == 4);
}

TEST_CASE("a_rehearsal_that_changed_no_row_leaves_none") {
  run::Rehearsal rehearsal = sample();
  rehearsal.dead_rows = 0;
  CHECK(rehearsal_text(rehearsal, "slugs", {}).find("rolled back; no row was changed\n") !=
        std::string::npos);
}

TEST_CASE("a_rehearsal_that_wrote_nothing_claims_no_speed") {
  run::Rehearsal rehearsal = sample();
  rehearsal.wrote = false;
  rehearsal.unwritten = "slug is not there yet";
  const std::string text = rehearsal_text(rehearsal, "slugs", {});
  CHECK(text.find("rehearsal of slugs: nothing has been written") == 0);
  CHECK(text.find("slug is not there yet") != std::string::npos);
  CHECK(text.find("rows/s") == std::string::npos);
  CHECK(text.find("dead row") == std::string::npos);
}

TEST_CASE("a_rehearsal_for_programs_has_null_for_what_was_not_measured") {
  const auto json = nlohmann::json::parse(rehearsal_json(sample(), "slugs"));
  CHECK(json["rows"] == 1'000);
  CHECK(json["samples"][0]["values"][0]["before"].is_null());
  CHECK(json["samples"][0]["values"][0]["after"] == "a\nb");
  CHECK(json["estimate"]["replication_bytes"].is_null());
  run::Rehearsal none;
  const auto empty = nlohmann::json::parse(rehearsal_json(none, "slugs"));
  CHECK(empty["rows_per_second"].is_null());
  CHECK(empty["hot_share"].is_null());
  CHECK(empty["estimate"].is_null());
}

}  // namespace backfill::cli
