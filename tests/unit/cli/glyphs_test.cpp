#include "cli/glyphs.hpp"

#include <catch2/catch.hpp>

using namespace backfill::cli;

TEST_CASE("columns_count_what_a_terminal_shows") {
  CHECK(columns_of("abc") == 3);
  CHECK(columns_of("größe") == 5);
  CHECK(columns_of("e\u0301") == 1);
  CHECK(columns_of("表") == 2);
  CHECK(columns_of("█░") == 2);
  CHECK(columns_of("\xff\xfe") == 2);
  CHECK(columns_of("\xe2\x96") == 2);
}

TEST_CASE("text_is_cut_between_characters_with_an_ellipsis") {
  CHECK(fitted("abcdef", 6, true) == "abcdef");
  CHECK(fitted("abcdef", 5, true) == "abcd…");
  CHECK(fitted("abcdef", 5, false) == "ab...");
  CHECK(fitted("größe x", 4, true) == "grö…");
  CHECK(fitted("表表表", 4, true) == "表…");
  CHECK(fitted("abcdef", 2, false) == "..");
  CHECK(fitted("abcdef", 0, true).empty());
}

TEST_CASE("without_utf8_our_own_signs_become_ascii_and_names_stay") {
  CHECK(plain_typography("größe · 3–5 min…") == "größe, 3-5 min...");
}

TEST_CASE("a_name_cannot_steer_the_terminal") {
  CHECK(without_controls("a\x1b[2Jb\nc") == "a [2Jb c");
  CHECK(without_controls("a\u009bb") == "a b");
  CHECK(without_controls("größe 表") == "größe 表");
}
