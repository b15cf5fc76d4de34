#include "core/percentage.hpp"

#include <catch2/catch.hpp>

using namespace backfill;

TEST_CASE("a_percentage_is_read_and_written_alike") {
  for (const char* text : {"1%", "30%", "1000%"}) {
    const auto percent = parse_percentage(text, 1000);
    REQUIRE(percent);
    CHECK(percentage_text(*percent) == text);
  }
}

TEST_CASE("what_is_no_percentage_is_refused") {
  for (const char* text : {"", "%", "30", "30 %", "-1%", "0%", "1.5%", "30%%", "1001%", "0.3",
                           "99999999999999999999%", "30% "}) {
    CAPTURE(text);
    CHECK_FALSE(parse_percentage(text, 1000));
  }
}
