#include "config/lint/sql_shapes.hpp"

#include <catch2/catch.hpp>

namespace backfill::lint {

namespace {

bool repeats_badly(std::string_view expression, std::string_view column = "n",
                   std::vector<std::string> sets = {"n"}) {
  return changes_when_repeated(expression, {"items", column, sets}).has_value();
}

std::vector<std::string> names(const std::vector<Sight>& sights) {
  std::vector<std::string> found;
  for (const Sight& sight : sights) found.push_back(sight.what);
  return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("an_expression_that_builds_on_its_own_result_changes_when_repeated") {
  for (const auto* expression :
       {"n + 1", "n - 1", "items.n * 2", "coalesce(n, 0) + 1", "n||'x'", "-n", "NOT n",
        "array_append(n, 1)", "reverse(n)", "\"n\" + 1", "md5(n)", "n % 7", "n /* once */ + 1"}) {
    INFO(expression);
    CHECK(repeats_badly(expression));
  }
}

TEST_CASE("an_expression_that_settles_does_not_change_when_repeated") {
  for (const auto* expression : {"lower(trim(n))", "coalesce(n, a + b)", "greatest(n, 0)", "a + b",
                                 "n", "round(n, 2)", "coalesce(n, -1)", "other.n + 1", "n(1) + 1",
                                 "n->'a'", "'n + 1'", "abs(n)", "CASE WHEN n > -1 THEN n END"}) {
    INFO(expression);
    CHECK_FALSE(repeats_badly(expression));
  }
}

TEST_CASE("a_value_of_another_column_that_the_job_sets_changes_when_repeated") {
  CHECK(repeats_badly("b", "a", {"a", "b"}));
  CHECK_FALSE(repeats_badly("c", "a", {"a", "b"}));
}

TEST_CASE("volatile_functions_are_known_by_their_names") {
  CHECK(names(volatile_calls("gen_random_uuid()")) == Names{"gen_random_uuid()"});
  CHECK(names(volatile_calls("floor(RANDOM() * 6)")) == Names{"random()"});
  CHECK(names(volatile_calls("pg_catalog.nextval('s')")) == Names{"nextval()"});
  CHECK(names(volatile_calls("random + 1")).empty());
  CHECK(names(volatile_calls("'random()'")).empty());
  CHECK(volatile_calls("a + random()").at(0).offset == 4);
}

TEST_CASE("the_clock_is_read_with_and_without_parentheses") {
  CHECK(names(clock_calls("now() - interval '1 day'")) == Names{"now()"});
  CHECK(names(clock_calls("CURRENT_DATE")) == Names{"current_date"});
  CHECK(names(clock_calls("localtimestamp(0)")) == Names{"localtimestamp"});
  CHECK(names(clock_calls("age(born)")) == Names{"age()"});
  CHECK(names(clock_calls("age(died, born)")).empty());
  CHECK(names(clock_calls("\"current_date\"")).empty());
  CHECK(names(clock_calls("t.current_date")).empty());
}

TEST_CASE("functions_that_do_something_are_known_by_their_names") {
  CHECK(names(side_effects("setval('s', id)")) == Names{"setval()"});
  CHECK(names(side_effects("lower(pg_sleep)")).empty());
}

TEST_CASE("a_comparison_with_null_is_seen_whichever_way_it_is_written") {
  for (const auto* text : {"a = NULL", "a <> null", "NULL != a", "a NOT IN (1, NULL)", "(a)=NULL",
                           "a >= NULL AND b"}) {
    INFO(text);
    CHECK(comparison_with_null(text).has_value());
  }
  for (const auto* text :
       {"a IS NULL", "a IS DISTINCT FROM NULL", "coalesce(a, NULL) = 1", "a = 'NULL'",
        "a NOT IN (1, 2)", "a IN (1, NULL)", "a NOT IN (1, nullif(b, NULL))"}) {
    INFO(text);
    CHECK_FALSE(comparison_with_null(text).has_value());
  }
}

TEST_CASE("a_cast_is_a_cast_and_nothing_more") {
  for (const auto* text :
       {"n", "n::bigint", "(n::numeric(10, 4))", "CAST(n AS text)", "\"n\"::int"}) {
    INFO(text);
    CHECK(is_cast_of(text, "n"));
  }
  for (const auto* text : {"n::int * 2", "lower(n)", "m::int", "CAST(n + 1 AS int)", ""}) {
    INFO(text);
    CHECK_FALSE(is_cast_of(text, "n"));
  }
}

TEST_CASE("a_column_alone_and_null_alone_are_seen_through_parentheses") {
  CHECK(is_column_alone("((n))", "n"));
  CHECK_FALSE(is_column_alone("(n) + (n)", "n"));
  CHECK(is_null_literal("(NULL)"));
  CHECK(is_null_literal("NULL::text"));
  CHECK_FALSE(is_null_literal("nullif(a, b)"));
}

}  // namespace backfill::lint
