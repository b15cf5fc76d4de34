#include "backfill/key.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace backfill;

TEST_CASE("a_key_of_one_column_is_shown_bare_and_a_composite_one_in_parentheses") {
  CHECK(to_string(KeyValue{"10"}) == "10");
  CHECK(to_string(KeyValue{"1", "a"}) == "(1, a)");
}

TEST_CASE("a_range_is_shown_half_open_with_dots_for_an_open_end") {
  CHECK(to_string(KeyRange{KeyValue{"10"}, KeyValue{"20"}}) == "(10, 20]");
  CHECK(to_string(KeyRange{std::nullopt, KeyValue{"20"}}) == "(…, 20]");
  CHECK(to_string(KeyRange{KeyValue{"1", "a"}, std::nullopt}) == "((1, a), …]");
  CHECK(to_string(KeyRange{}) == "(…, …]");
}

TEST_CASE("a_uuid_is_short_enough_to_be_shown_whole") {
  const std::string uuid = "7f6f0a3e-6d3c-4f60-9c60-1f2a1a2b3c4d";
  CHECK(to_string(KeyValue{uuid}) == uuid);
}

TEST_CASE("a_long_key_text_is_cut_to_48_bytes") {
  CHECK(to_string(KeyValue{std::string(48, 'x')}) == std::string(48, 'x'));
  CHECK(to_string(KeyValue{std::string(49, 'x')}) == std::string(45, 'x') + "…");
}

TEST_CASE("a_key_text_is_never_cut_within_a_character") {
  std::string text(44, 'x');
  for (int i = 0; i < 10; ++i) text += "é";  // its two bytes lie across the cut
  CHECK(to_string(KeyValue{text}) == std::string(44, 'x') + "…");
}

TEST_CASE("line_breaks_in_a_key_do_not_reach_the_message") {
  CHECK(to_string(KeyValue{"a\nb\tc"}) == "a b c");
}

TEST_CASE("a_range_of_one_key_is_named_by_that_key") {
  const KeyRange simple{KeyValue{"7776"}, KeyValue{"7777"}};
  CHECK(to_string(simple, RowCount(1)) == "key 7777");
  CHECK(to_string(simple, RowCount(2)) == "(7776, 7777]");
  const KeyRange composite{KeyValue{"7", "abb"}, KeyValue{"7", "abc"}};
  CHECK(to_string(composite, RowCount(1)) == "key (7, abc)");
  CHECK(to_string(KeyRange{KeyValue{"7776"}, std::nullopt}, RowCount(1)) == "(7776, …]");
}
