#include "core/sql_scan.hpp"

#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;

namespace {

std::vector<std::string> texts_of(std::string_view sql, SqlTokenKind kind) {
  std::vector<std::string> texts;
  for (const SqlToken& token : scan_sql(sql).tokens) {
    if (token.kind == kind) texts.emplace_back(sql.substr(token.begin, token.end - token.begin));
  }
  return texts;
}

using Texts = std::vector<std::string>;

struct Refusal {
  std::string text;
  std::size_t offset;
  std::string message;
};

}  // namespace

TEST_CASE("strings_end_where_the_server_ends_them") {
  CHECK(texts_of("'a' || 'b''c'", SqlTokenKind::string) == Texts{"'a'", "'b''c'"});
  CHECK(texts_of("'a\\' || x", SqlTokenKind::string) == Texts{"'a\\'"});
  CHECK(texts_of("E'a\\'b' || e'\\\\'", SqlTokenKind::string) == Texts{"E'a\\'b'", "e'\\\\'"});
  CHECK(texts_of("B'01' X'ff' N'a' U&'b' u&'c'", SqlTokenKind::string) ==
        Texts{"B'01'", "X'ff'", "N'a'", "U&'b'", "u&'c'"});
  CHECK(texts_of("$$a'b$$ || $tag$ $$ $other$ $tag$", SqlTokenKind::string) ==
        Texts{"$$a'b$$", "$tag$ $$ $other$ $tag$"});
  CHECK(texts_of("type'x'", SqlTokenKind::string) == Texts{"'x'"});
}

TEST_CASE("a_string_goes_on_behind_a_line_break") {
  CHECK(texts_of("E'a'\n  'b\\'c'", SqlTokenKind::string) == Texts{"E'a'\n  'b\\'c'"});
  CHECK(texts_of("'a' -- note\n'b'", SqlTokenKind::string) == Texts{"'a' -- note\n'b'"});
  CHECK(texts_of("'a' 'b'", SqlTokenKind::string) == Texts{"'a'", "'b'"});
  CHECK(texts_of("E'a' 'b\\'", SqlTokenKind::string) == Texts{"E'a'", "'b\\'"});
}

TEST_CASE("dollars_inside_names_open_no_string") {
  CHECK(texts_of("a$b$c", SqlTokenKind::identifier) == Texts{"a$b$c"});
  CHECK(texts_of("a$$ b$$", SqlTokenKind::identifier) == Texts{"a$$", "b$$"});
  CHECK(texts_of("$1 + $23", SqlTokenKind::parameter) == Texts{"$1", "$23"});
  CHECK(texts_of("$é$;$é$", SqlTokenKind::string) == Texts{"$é$;$é$"});
  CHECK(texts_of("$a b$", SqlTokenKind::symbol) == Texts{"$"});
}

TEST_CASE("comments_nest_and_end_at_line_breaks") {
  CHECK(texts_of("a /* x /* y */ ' */ b -- c ' \n d", SqlTokenKind::comment) ==
        Texts{"/* x /* y */ ' */", "-- c ' "});
  CHECK(texts_of("a - -b", SqlTokenKind::comment).empty());
}

TEST_CASE("quoted_names_and_numbers_are_tokens") {
  CHECK(texts_of(R"("a ""b""" + U&"c")", SqlTokenKind::quoted_identifier) ==
        Texts{R"("a ""b""")", R"(U&"c")"});
  CHECK(texts_of("1 + 2.5e-3 * .5 + 1e5", SqlTokenKind::number) ==
        Texts{"1", "2.5e-3", ".5", "1e5"});
}

TEST_CASE("expressions_that_stay_in_their_place_are_accepted") {
  for (const char* text :
       {"lower(trim(email))", "1", "true", "a + 1", "(a, b) < (c, d)", "tags[1:2]", "';'", "'$1'",
        "$x$;$1$x$", "\";\"", "a /* ; ( */ + 1", "a -- ; (\n + 1", "a -- note",
        "CASE WHEN a THEN 'x' ELSE E'\\'' END", "ARRAY[1, 2, 3]", "x ->> 'a''b'",
        "EXISTS (SELECT FROM t WHERE t.id = u.id)", "größe > 5", "a$1"}) {
    CAPTURE(text);
    CHECK(check_expression(text) == std::nullopt);
  }
}

TEST_CASE("expressions_that_reach_out_of_their_place_are_refused_where_they_do") {
  const std::vector<Refusal> refusals{
      {"", 0, "the SQL is empty"},
      {" \n\t ", 0, "the SQL is empty"},
      {"/* nothing */ -- at all", 0, "the SQL is empty"},
      {"a; DROP TABLE t", 1, "a ; cannot stand here"},
      {"(a + (b)", 0, "this ( is never closed"},
      {"a + (b", 4, "this ( is never closed"},
      {"a) OR (true", 1, "this ) closes nothing"},
      {"a]", 1, "this ] closes nothing"},
      {"f(a]", 3, "a ) is wanted here to close the ("},
      {"a[b)", 3, "a ] is wanted here to close the ["},
      {"'a", 0, "the string has no closing '"},
      {"x || E'a\\'", 5, "the string has no closing '"},
      {"x || 'a\n", 5, "the string has no closing '"},
      {"\"a", 0, "the quoted name has no closing \""},
      {"U&\"a", 0, "the quoted name has no closing \""},
      {"$t$ $T$", 0, "the string has no closing $t$"},
      {"a /* /* */", 2, "the comment has no closing */"},
      {"a = $1", 4, "a parameter such as $1 has no value here"},
      {"a, b = 5", 1, "one expression is wanted, but a comma follows it"},
      {std::string("a\0b", 3), 1, "a NUL byte cannot stand in SQL"},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.text);
    const auto problem = check_expression(refusal.text);
    REQUIRE(problem);
    CHECK(problem->offset == refusal.offset);
    CHECK(problem->message == refusal.message);
  }
}

TEST_CASE("queries_may_hold_commas_but_nothing_else_that_expressions_may_not") {
  CHECK(check_query("SELECT a, b FROM t") == std::nullopt);
  CHECK(check_query("SELECT 1; SELECT 2")->offset == 8);
  CHECK(check_query("SELECT (1")->offset == 7);
}

TEST_CASE("comments_leave_nothing_behind_that_could_swallow_what_follows") {
  CHECK(without_comments("lower(x) -- note") == "lower(x)");
  CHECK(without_comments("-- note\nlower(x)\n") == "lower(x)");
  CHECK(without_comments("a/**/b") == "a b");
  CHECK(without_comments("'--' || \"/*\" || $$--$$") == "'--' || \"/*\" || $$--$$");
  CHECK(without_comments("a /* open") == "a /* open");
}

TEST_CASE("one_line_sql_shows_no_blanks_or_comments_but_those_in_quotes") {
  CHECK(one_line_sql("  a\n\t+ /* x */  b -- c\n") == "a + b");
  CHECK(one_line_sql("'a  b\nc\\'") == "'a  b\\nc\\\\'");
  CHECK(one_line_sql("f( a,b )") == "f( a,b )");
}

TEST_CASE("an_expression_mentions_its_own_column") {
  CHECK(mentions_identifier("n + 1", "n"));
  CHECK(mentions_identifier("N + 1", "n"));
  CHECK(mentions_identifier("\"N\" + 1", "N"));
  CHECK(mentions_identifier("t.n", "n"));
  CHECK(mentions_identifier("coalesce(n, 0)", "n"));
  CHECK(mentions_identifier("\"a\"\"b\"", "a\"b"));
  CHECK(mentions_identifier("U&\"\\006E\"", "n"));
  CHECK(mentions_identifier("U&\"n\"", "n"));
}

TEST_CASE("an_expression_does_not_mention_what_only_looks_like_its_column") {
  CHECK_FALSE(mentions_identifier("\"N\" + 1", "n"));
  CHECK_FALSE(mentions_identifier("'n' || $$n$$ || E'n'", "n"));
  CHECK_FALSE(mentions_identifier("1 -- n\n /* n */", "n"));
  CHECK_FALSE(mentions_identifier("lower(email)", "lower"));
  CHECK_FALSE(mentions_identifier("lower /* x */ (email)", "lower"));
  CHECK_FALSE(mentions_identifier("nn + n1", "n"));
  CHECK_FALSE(mentions_identifier("U&\"m\"", "n"));
}

TEST_CASE("any_text_can_be_scanned_and_its_tokens_follow_each_other") {
  constexpr std::string_view alphabet = "a1'\"$-/*\\\n ()[];,.eEuU&xé";
  Random random(2024);
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    const std::uint64_t length = random.below(24);
    for (std::uint64_t i = 0; i < length; ++i) text += alphabet[random.below(alphabet.size())];
    CAPTURE(text);
    const SqlTokens scanned = scan_sql(text);
    std::size_t at = 0;
    for (const SqlToken& token : scanned.tokens) {
      REQUIRE(token.begin >= at);
      REQUIRE(token.end > token.begin);
      REQUIRE(token.end <= text.size());
      at = token.end;
    }
    if (scanned.problem) REQUIRE(scanned.problem->offset <= text.size());
    (void)mentions_identifier(text, "a");
    if (check_expression(text)) continue;
    // What was accepted stays acceptable without comments, and inside parentheses of ours.
    const std::string plain = without_comments(text);
    REQUIRE(texts_of(plain, SqlTokenKind::comment).empty());
    REQUIRE(check_expression("(" + plain + ") AND (true)") == std::nullopt);
  }
}
