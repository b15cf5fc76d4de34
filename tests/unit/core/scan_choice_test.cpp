#include "core/scan_choice.hpp"

#include <catch2/catch.hpp>

namespace backfill {
namespace {

ScanFacts large_table() {
  ScanFacts facts;
  facts.connections = 4;
  facts.key_hashable = true;
  facts.rows = RowCount{5'000'000};
  facts.pages = 140'000;
  return facts;
}

bool says(const ScanChoice& choice, const std::string& words) {
  return choice.reason.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a_large_table_is_visited_in_four_stripes") {
  const ScanChoice choice = choose_scan(large_table());
  CHECK(choice.stripes == 4);
  CHECK(says(choice, "visited 4 times"));
}

TEST_CASE("an_index_on_a_column_that_is_set_makes_stripes_useless") {
  ScanFacts facts = large_table();
  facts.index_of_set = "users_email_idx";
  CHECK(choose_scan(facts).stripes == 1);
  CHECK(says(choose_scan(facts), "users_email_idx"));
}

TEST_CASE("a_key_without_a_hash_function_is_never_striped") {
  ScanFacts facts = large_table();
  facts.key_hashable = false;
  facts.asked = 4;
  CHECK(choose_scan(facts).stripes == 1);
  CHECK(says(choose_scan(facts), "hash function"));
}

TEST_CASE("one_connection_stripes_only_to_spare_other_indexes") {
  ScanFacts facts = large_table();
  facts.connections = 1;
  CHECK(choose_scan(facts).stripes == 1);
  facts.indexes = 3;
  CHECK(choose_scan(facts).stripes == 4);
}

TEST_CASE("pages_of_few_rows_are_visited_less_often") {
  ScanFacts facts = large_table();
  facts.pages = facts.rows->value / 5;
  CHECK(choose_scan(facts).stripes == 2);
  facts.pages = facts.rows->value / 3;
  CHECK(choose_scan(facts).stripes == 1);
  CHECK(says(choose_scan(facts), "3 rows"));
}

TEST_CASE("small_and_unknown_tables_are_visited_once") {
  ScanFacts facts = large_table();
  facts.rows = RowCount{10'000};
  CHECK(choose_scan(facts).stripes == 1);
  facts.rows.reset();
  CHECK(choose_scan(facts).stripes == 1);
}

TEST_CASE("what_the_job_asks_for_is_done_where_it_can_be") {
  ScanFacts facts = large_table();
  facts.rows = RowCount{10};
  facts.index_of_set = "i";
  facts.asked = 8;
  CHECK(choose_scan(facts).stripes == 8);
  facts.asked = 1;
  CHECK(choose_scan(facts).stripes == 1);
}

}  // namespace backfill
