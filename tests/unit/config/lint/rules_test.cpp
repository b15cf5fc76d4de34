#include <set>

#include <catch2/catch.hpp>

#include "config/lint/rule_checks.hpp"
#include "unit/config/lint/lint.hpp"

namespace backfill::test {

TEST_CASE("each_rule_has_a_name_of_its_own_and_says_what_it_means") {
  std::set<std::string_view> names;
  for (const lint::Rule& rule : lint::rules()) {
    CHECK(names.insert(rule.name).second);
    CHECK(lint::find_rule(rule.name) == &rule);
    CHECK_FALSE(rule.meaning.empty());
    CHECK_FALSE(rule.meaning.ends_with('.'));
  }
  CHECK(lint::find_rule("nonesuch") == nullptr);
}

TEST_CASE("a_good_job_has_no_problems") {
  CHECK(found(backfill_of("add:\n  - column: e text\nset:\n  e: lower(email)\nwhere: e IS NULL\n"
                          "enforce:\n  - not_null: e\n")) == Lines{});
  CHECK(found(type_copy_of("columns:\n  n: {type: bigint}\ndrop: after 24h\n")) == Lines{});
}

TEST_CASE("a_file_that_is_no_job_has_problems_of_the_schema_alone") {
  CHECK(found("version: 1\nkind: backfill\ntabel: users\nset:\n  n: n + 1\n") ==
        Lines{"1:1 schema", "3:1 schema"});
}

TEST_CASE("a_name_is_dated_and_describes") {
  using lint::problem_of_file_name;
  for (const auto* name :
       {"20260131_0930_a.yaml", "x/20240229_001_split_names.yaml", "20260131_2359_a2.yaml"}) {
    INFO(name);
    CHECK(problem_of_file_name(name).empty());
  }
  for (const auto* name : {"emails.yaml", "20260231_0930_a.yaml", "20260131_2460_a.yaml",
                           "20260131_0930.yaml", "20260131_0930_.yaml", "20260131_0930_A.yaml",
                           "20260131_0930_a.yml", "20260131-0930-a.yaml", "20260131_09300_a.yaml",
                           "20260131_12_a.yaml", "x/20260131_0930/a.yaml"}) {
    INFO(name);
    CHECK_FALSE(problem_of_file_name(name).empty());
  }
  CHECK(found(backfill_of("set:\n  e: lower(email)\n"), "emails.yaml") == Lines{"0:0 file-name"});
}

TEST_CASE("a_job_that_cannot_be_repeated_needs_a_where_that_tells") {
  CHECK(found(backfill_of("set:\n  n: n + 1\n")) == Lines{"5:6 not-idempotent"});
  CHECK(found(backfill_of("set:\n  n: n + 1\nwhere: tenant = 5\n")) == Lines{"5:6 not-idempotent"});
  CHECK(found(backfill_of("set:\n  n: n + 1\nwhere: n < 5\n")) == Lines{});
  CHECK(found(backfill_of("set:\n  a: b\n  b: a\n")) ==
        Lines{"5:6 not-idempotent", "6:6 not-idempotent"});
}

TEST_CASE("the_place_of_a_rule_is_the_word_that_it_is_about") {
  CHECK(
      found(backfill_of("set:\n  t: |\n    -- a comment\n    left(\n      random()::text, 3)\n")) ==
      Lines{"8:7 volatile-function"});
}

TEST_CASE("another_value_each_time_needs_a_where_that_tells") {
  CHECK(found(backfill_of("set:\n  t: gen_random_uuid()\n")) == Lines{"5:6 volatile-function"});
  CHECK(found(backfill_of("set:\n  t: gen_random_uuid()\nwhere: t IS NULL\n")) == Lines{});
  CHECK(found(backfill_of("set:\n  t: now()\n")) == Lines{"5:6 time-of-batch"});
  CHECK(found(backfill_of("set:\n  t: now()\nwhere: t IS NULL\n")) == Lines{});
}

TEST_CASE("conditions_neither_throw_dice_nor_read_the_clock_nor_compare_with_null") {
  CHECK(found(backfill_of("set:\n  t: lower(x)\nwhere: random() < 0.5\n")) ==
        Lines{"6:8 volatile-condition"});
  CHECK(found(backfill_of("set:\n  t: lower(x)\nwhere: born < now()\n")) ==
        Lines{"6:15 moving-condition"});
  CHECK(found(backfill_of("set:\n  t: lower(x)\nwhere: t = NULL\n")) ==
        Lines{"6:10 compare-with-null"});
  CHECK(found(backfill_of("set:\n  t: lower(x)\nenforce:\n  - check: t <> NULL\n"
                          "    name: t_known\n")) == Lines{"7:14 compare-with-null"});
  CHECK(found(type_copy_of("columns:\n  n: {type: text, using: 'n::text', "
                           "back: 'n::int + random()::int'}\n")) ==
        Lines{"5:53 volatile-condition"});
}

TEST_CASE("what_a_starter_file_leaves_to_its_author_is_seen_until_it_is_replaced") {
  CHECK(found(backfill_of("set:\n  t: replace_me(x)\nwhere: t IS DISTINCT FROM replace_me(x)\n")) ==
        Lines{"5:6 placeholder", "6:27 placeholder"});
  CHECK(found(backfill_of("set:\n  replace_me: replace_me(replace_me)\n")) ==
        Lines{"5:15 placeholder"});
  CHECK(found("version: 1\nkind: backfill\ntable: public.replace_me\nset:\n  t: lower(x)\n") ==
        Lines{"3:15 placeholder"});
  CHECK(found(type_copy_of("columns:\n  n: {type: replace_me}\n")) == Lines{"5:13 placeholder"});
  CHECK(found(type_copy_of("columns:\n  replace_me: {type: bigint}\n")).size() == 1);
  CHECK(found(backfill_of("set:\n  t: lower(x) -- replace_me, some day\n")) == Lines{});
}

TEST_CASE("side_effects_and_no_effects_are_seen_in_set") {
  CHECK(found(backfill_of("set:\n  t: setval('s', id)\nwhere: t IS NULL\n")) ==
        Lines{"5:6 side-effect"});
  CHECK(found(backfill_of("set:\n  t: (t)\n")) == Lines{"5:6 no-change"});
}

TEST_CASE("not_null_comes_after_its_backfill") {
  const std::string add = "add:\n  - column: e text\n";
  CHECK(found(backfill_of(add + "set:\n  o: lower(x)\nenforce:\n  - not_null: e\n")) ==
        Lines{"9:5 not-null-before-backfill"});
  CHECK(found(backfill_of("set:\n  e: 'NULL'\nenforce:\n  - not_null: e\n")) ==
        Lines{"7:5 not-null-before-backfill"});
  CHECK(found(backfill_of(add + "set:\n  e: lower(x)\nwhere: tenant = 5\nenforce:\n"
                                "  - not_null: e\n")) == Lines{"10:5 not-null-before-backfill"});
  // A column that was there before may well be filled already.
  CHECK(found(backfill_of("set:\n  o: lower(x)\nenforce:\n  - not_null: e\n")) == Lines{});
}

TEST_CASE("the_old_column_is_not_dropped_at_once") {
  const std::string columns = "columns:\n  n: {type: bigint}\n";
  CHECK(found(type_copy_of(columns + "drop: after 5m\n")) == Lines{"6:7 drop-without-grace"});
  CHECK(found(type_copy_of(columns + "drop: after 23h\n")) == Lines{"6:7 short-grace"});
  CHECK(found(type_copy_of(columns + "drop: manual\n")) == Lines{});
}

TEST_CASE("a_way_there_that_is_more_than_a_cast_needs_a_way_back") {
  CHECK(found(type_copy_of("columns:\n  n: {type: text, using: \"n || '%'\"}\n")) ==
        Lines{"5:26 no-way-back"});
  CHECK(found(type_copy_of("columns:\n  n: {type: text, using: 'n::text'}\n")) == Lines{});
}

TEST_CASE("settings_that_make_a_bad_neighbour_are_named") {
  const std::string set = "set:\n  t: lower(x)\n";
  CHECK(found(backfill_of(set + "safety: {lock_timeout: 20s, statement_timeout: 6m, "
                                "user_triggers: bypass}\n")) ==
        Lines{"6:24 long-lock-timeout", "6:48 long-statement-timeout", "6:67 triggers-bypassed"});
  CHECK(found(backfill_of(set + "pace: {batch: {target: 2s, fixed_rows: 60000}}\n")) ==
        Lines{"6:24 large-batch", "6:40 large-batch"});
  CHECK(found(backfill_of(set + "throttle: {replica_lag: {stop: 10m}}\n")) ==
        Lines{"6:32 loose-lag-limit"});
  CHECK(found("version: 1\nkind: backfill\ntable: users\n" + set) ==
        Lines{"3:8 table-without-schema"});
}

TEST_CASE("a_password_in_the_file_is_found_and_not_repeated") {
  const auto of = [](std::string_view database) {
    return backfill_of("database: " + std::string(database) + "\nset:\n  t: lower(x)\n");
  };
  CHECK(found(of("postgresql://bob:s3cret@db/shop")) == Lines{"4:11 password-in-file"});
  CHECK(found(of("host=db password=s3cret")) == Lines{"4:11 password-in-file"});
  CHECK(found(of("postgresql://db/shop?user=bob&password=s3cret")) ==
        Lines{"4:11 password-in-file"});
  CHECK(found(of("postgresql://bob@db/shop")) == Lines{});
  CHECK(found(of("postgresql://bob:${PGPASS:-x}@db/shop")) == Lines{});
  CHECK(found(of("${URL:-postgresql:///shop}")) == Lines{});
  const lint::LintedFile linted =
      lint::lint_text(good_name, of("postgresql://bob:s3cret@db/shop"), environment_of({}));
  REQUIRE(linted.subject);
  for (const lint::LintProblem& problem : linted.subject->problems()) {
    CHECK(problem.message.find("s3cret") == std::string::npos);
  }
}

}  // namespace backfill::test
