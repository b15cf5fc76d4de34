#include "pg/text_array.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace backfill::pg {

TEST_CASE("text_array_quotes_every_element") {
  CHECK(text_array({}) == "{}");
  CHECK(text_array({"a", "", "NULL", "b,c"}) == R"({"a","","NULL","b,c"})");
  CHECK(text_array({R"(say "hi")", R"(back\slash)"}) == R"({"say \"hi\"","back\\slash"})");
}

TEST_CASE("text_array_survives_a_round_trip") {
  const std::vector<std::string> elements = {"", "NULL", "{}", R"("\)", "é,ü", "line\nbreak", " "};
  CHECK(parse_text_array(text_array(elements)) == elements);
}

TEST_CASE("text_array_reads_what_the_server_prints") {
  CHECK(parse_text_array("{}").empty());
  CHECK(parse_text_array("{1,2}") == std::vector<std::string>{"1", "2"});
  CHECK(parse_text_array(R"({a,"b c",NULL,"x\"y"})") ==
        std::vector<std::string>{"a", "b c", "", "x\"y"});
}

TEST_CASE("integer_array_is_plain") {
  CHECK(integer_array({}) == "{}");
  CHECK(integer_array({1, -2}) == "{1,-2}");
}

}  // namespace backfill::pg
