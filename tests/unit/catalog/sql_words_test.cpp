#include "catalog/sql_words.hpp"

#include <catch2/catch.hpp>

namespace backfill {
namespace {

using Kind = SqlWord::Kind;

std::vector<std::string> texts(std::string_view sql) {
  std::vector<std::string> result;
  for (const SqlWord& word : read_sql_words(sql).words) result.push_back(word.text);
  return result;
}

}  // namespace

TEST_CASE("words_are_told_apart_as_the_server_does") {
  CHECK(texts("Lower(T.\"Größe\"\"\")") ==
        std::vector<std::string>{"lower", "(", "t", ".", "Größe\"", ")"});
  CHECK(texts("a/* x /* y */ z */b -- c\nd") == std::vector<std::string>{"a", "b", "d"});
  CHECK(texts("'it''s' || E'a\\'b' || 'c\\'") ==
        std::vector<std::string>{"it's", "|", "|", "a'b", "|", "|", "c\\"});
  CHECK(texts("$$a'b$$ $q$ $$ $q$") == std::vector<std::string>{"a'b", " $$ "});
  CHECK(texts("1.5e3 x$1 U&\"d\" b'01'") == std::vector<std::string>{"1.5e3", "x$1", "d", "01"});
  CHECK(read_sql_words("u&'x'").words.at(0).kind == Kind::string);
  CHECK(read_sql_words("\"select\"").words.at(0).kind == Kind::quoted_identifier);
}

TEST_CASE("what_never_ends_is_named") {
  CHECK(read_sql_words("'a''").problem == "a string never ends");
  CHECK(read_sql_words("\"a").problem == "a quoted name never ends");
  CHECK(read_sql_words("a /* b /* c */").problem == "a comment that begins with /* never ends");
  CHECK(read_sql_words("$x$ a $y$").problem == "a string that begins with $x$ never ends");
  CHECK(read_sql_words("E'a\\'").problem == "a string never ends");
}

TEST_CASE("an_expression_must_stay_within_its_parentheses") {
  CHECK_FALSE(shape_problem("lower(a) || ')' /* ( */ -- ("));
  CHECK_FALSE(shape_problem("(array[1, 2])[1]"));
  CHECK(shape_problem("1), other = (2") == "it closes a bracket that it has not opened");
  CHECK(shape_problem("lower(a") == "it opens a bracket that it does not close");
  CHECK(shape_problem("(a]") == "it closes a bracket that it has not opened");
  CHECK(shape_problem("a; DROP TABLE t") == "a semicolon ends it too early");
  CHECK(shape_problem("id > $1") == "$1 is a parameter, and an expression takes none");
  CHECK(shape_problem(" -- nothing") == "it is empty");
}

TEST_CASE("a_place_counts_lines_and_characters") {
  const std::string expression = "é ||\n  lowr(\"x\")";
  const auto first = locate(expression, 0);
  REQUIRE(first);
  CHECK(first->word == "é");
  const auto operators = locate(expression, 2);
  REQUIRE(operators);
  CHECK(operators->word == "||");
  CHECK(operators->column == 3);
  const auto second = locate(expression, 7);
  REQUIRE(second);
  CHECK(second->line == 2);
  CHECK(second->column == 3);
  CHECK(second->word == "lowr");
  const auto quoted = locate(expression, 12);
  REQUIRE(quoted);
  CHECK(quoted->word == "\"x\"");
}

TEST_CASE("the_end_of_an_expression_has_a_place_and_no_word") {
  const auto end = locate("a +", 4);
  REQUIRE(end);
  CHECK(end->word.empty());
  CHECK_FALSE(locate("a +", 6));
  CHECK_FALSE(locate("a +", -1));
}

TEST_CASE("names_are_found_as_the_catalog_writes_them") {
  const SqlWords words = read_sql_words("Email || 'n' || \"N\"");
  CHECK(mentions(words, "email"));
  CHECK(mentions(words, "N"));
  CHECK_FALSE(mentions(words, "n"));
}

TEST_CASE("characters_are_counted_and_not_bytes") {
  CHECK(character_count("aé€") == 3);
}

}  // namespace backfill
