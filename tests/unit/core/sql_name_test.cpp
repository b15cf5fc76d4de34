#include "core/sql_name.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;

namespace {

struct Refusal {
  std::string text;
  std::size_t offset;
  std::string part_of_message;
};

const std::string longest(63, 'a');

}  // namespace

TEST_CASE("identifiers_are_read_as_sql_reads_them") {
  CHECK(*parse_identifier("email") == "email");
  CHECK(*parse_identifier("Email") == "email");
  CHECK(*parse_identifier("  _a1$  ") == "_a1$");
  CHECK(*parse_identifier("\"Email\"") == "Email");
  CHECK(*parse_identifier("\"a \"\"b\"\".c\"") == "a \"b\".c");
  CHECK(*parse_identifier("select") == "select");
  CHECK(*parse_identifier("GRÖSSE") == "grÖsse");  // only ASCII letters fold in UTF-8
  CHECK(*parse_identifier("日本") == "日本");
  CHECK(*parse_identifier(longest) == longest);
}

TEST_CASE("text_that_is_no_identifier_is_refused_at_its_place") {
  const std::vector<Refusal> refusals{
      {"", 0, "missing"},
      {"  ", 2, "missing"},
      {"1a", 0, "begins with a letter"},
      {"-a", 0, "begins with a letter"},
      {"a b", 2, "ends before this"},
      {"a-b", 1, "ends before this"},
      {"a.b", 1, "without a dot"},
      {"\"\"", 0, "cannot be empty"},
      {"\"a", 0, "no closing"},
      {"\"a\"\"", 0, "no closing"},
      {"\"a\"b", 3, "ends before this"},
      {"U&\"a\"", 0, "letters of a name themselves"},
      {longest + "b", 0, "64 bytes"},
      {"\"" + longest + "ö\"", 0, "65 bytes"},
      {std::string("\"a\0b\"", 5), 2, "NUL"},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.text);
    const auto read = parse_identifier(refusal.text);
    REQUIRE_FALSE(read);
    CHECK(read.problem().offset == refusal.offset);
    CHECK_THAT(read.problem().message, Catch::Contains(refusal.part_of_message));
  }
}

TEST_CASE("qualified_names_have_one_or_two_parts") {
  CHECK(*parse_qualified_name("users") == QualifiedName{std::nullopt, "users"});
  CHECK(*parse_qualified_name("Public.Users") == QualifiedName{"public", "users"});
  CHECK(*parse_qualified_name(" public . users ") == QualifiedName{"public", "users"});
  CHECK(*parse_qualified_name("\"My.Schema\".\"Users\"") == QualifiedName{"My.Schema", "Users"});
  CHECK(parse_qualified_name("a.b.c").problem().offset == 3);
  CHECK(parse_qualified_name("a.").problem() == TextProblem{2, "a name is missing here"});
  CHECK(parse_qualified_name(".a").problem().offset == 0);
  CHECK(parse_qualified_name("a..b").problem().offset == 2);
  CHECK(parse_qualified_name("a b").problem().offset == 2);
  CHECK(parse_qualified_name("a.b c").problem().offset == 4);
}

TEST_CASE("column_definitions_are_a_name_and_a_type") {
  const std::vector<std::pair<std::string, AddColumn>> samples{
      {"email_normalized text", {"email_normalized", "text"}},
      {"  Price\tnumeric(12, 2) \n", {"price", "numeric(12, 2)"}},
      {"\"Not Null\" double precision", {"Not Null", "double precision"}},
      {"at timestamp (3) with time zone", {"at", "timestamp (3) with time zone"}},
      {"tags text[]", {"tags", "text[]"}},
      {"state \"My Schema\".\"State\"", {"state", "\"My Schema\".\"State\""}},
  };
  for (const auto& [text, column] : samples) {
    CAPTURE(text);
    const auto read = split_column_definition(text);
    REQUIRE(read);
    CHECK(*read == column);
  }
}

TEST_CASE("column_definitions_with_more_or_less_are_refused_at_their_place") {
  const std::vector<Refusal> refusals{
      {"", 0, "missing"},
      {"email", 5, "type is missing"},
      {"email   ", 8, "type is missing"},
      {"\"a\"text", 3, "a blank is missing"},
      {"a text not null", 7, "without not"},
      {"a int DEFAULT 5", 6, "without DEFAULT"},
      {"a int primary key", 6, "without primary"},
      {"a text COLLATE \"C\"", 7, "without COLLATE"},
      {"a int, b int", 5, "comma"},
      {"a numeric(12", 9, "never closed"},
      {"a int; drop table x", 5, ";"},
      {"a int -- note", 6, "comment"},
      {"a /* x */ int", 2, "comment"},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.text);
    const auto read = split_column_definition(refusal.text);
    REQUIRE_FALSE(read);
    CHECK(read.problem().offset == refusal.offset);
    CHECK_THAT(read.problem().message, Catch::Contains(refusal.part_of_message));
  }
}

TEST_CASE("name_text_is_read_back_as_the_same_name") {
  CHECK(name_text("email") == "email");
  CHECK(name_text("Email") == "\"Email\"");
  CHECK(name_text("a\"b") == "\"a\"\"b\"");
  CHECK(name_text(QualifiedName{"public", "My Users"}) == "public.\"My Users\"");
  Random random(11);
  for (int i = 0; i < 5'000; ++i) {
    std::string name;
    const std::uint64_t length = 1 + random.below(8);
    for (std::uint64_t n = 0; n < length; ++n) name += "aA0_$. \"'\xC3\xA9-"[random.below(12)];
    REQUIRE(*parse_identifier(name_text(name)) == name);
  }
}
