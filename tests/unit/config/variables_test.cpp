#include "config/variables.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/config/read.hpp"

using namespace backfill;
using namespace backfill::test;

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("variables_are_replaced_anywhere_in_values") {
  const ReadJob got = read(
      "version: ${V}\nkind: ${K}\nname: ${N}-${M:-x}\ndatabase: \"postgres://${U:-me}@h/d\"\n"
      "table: ${S}.users\nkey:\n  - ${C}\nset:\n  a: |\n    ${E}\npace:\n  connections: ${W:-7}\n",
      {{"V", "1"},
       {"K", "backfill"},
       {"N", "n"},
       {"M", ""},
       {"S", "Crm"},
       {"C", "id"},
       {"E", "f(1)"}});
  INFO((got.problems.empty() ? "" : format(got.problems.front())));
  REQUIRE(got.job);
  CHECK(got.job->name == "n-x");
  CHECK(got.job->database == "postgres://me@h/d");
  CHECK(got.job->table == QualifiedName{"crm", "users"});
  CHECK(got.job->key == std::vector<std::string>{"id"});
  CHECK(got.job->set[0].expression == "f(1)");
  CHECK(got.job->pace.connections == 7);
}

TEST_CASE("doubled_dollars_stand_for_themselves_and_other_dollars_are_left_alone") {
  const ReadJob got = read(minimal("where: a = '$${X} $$ $X' OR b = $t$x$t$\n"), {{"X", "no"}});
  REQUIRE(got.job);
  CHECK(got.job->where == "a = '${X} $$ $X' OR b = $t$x$t$");
}

TEST_CASE("a_variable_can_not_bring_in_yaml") {
  const std::string evil = "x\nname: other\npace: {connections: 64}\n# \"'";
  const ReadJob got = read(minimal("database: ${X}\n"), {{"X", evil}});
  REQUIRE(got.job);
  CHECK(got.job->database == evil);
  CHECK(got.job->name == "job");
  CHECK(got.job->pace == PaceSettings{});
  // A list, null or another variable inside a value is text too.
  CHECK(read(minimal("database: ${X}\n"), {{"X", "[a, b]"}}).job->database == "[a, b]");
  CHECK(read(minimal("database: ${X}\n"), {{"X", "null"}}).job->database == "null");
  CHECK(read(minimal("database: ${X}\n"), {{"X", "${Y}"}, {"Y", "y"}}).job->database == "${Y}");
}

TEST_CASE("keys_are_never_replaced") {
  CHECK(problems_of(minimal("${X}: a\n"), {{"X", "where"}}) ==
        Lines{"6:1: unknown key \"${X}\"; the keys here are: version, kind, name, database, table, "
              "key, pace, throttle, safety, on_error, add, set, where, preserve, enforce"});
}

TEST_CASE("variables_that_are_not_set_are_reported_at_their_place") {
  CHECK(problems_of(minimal("where: é = ${A} OR b = ${B:-1} OR c = ${C}\n")) ==
        Lines{"6:12: the variable A is not set; set it, or give a default: ${A:-…}",
              "6:39: the variable C is not set; set it, or give a default: ${C:-…}"});
  CHECK(problems_of(minimal("where: |\n  a\n  = ${A}\npace: {connections: \"${N}\"}\n")) ==
        Lines{"8:5: the variable A is not set; set it, or give a default: ${A:-…}",
              "9:22: the variable N is not set; set it, or give a default: ${N:-…}"});
}

TEST_CASE("what_is_no_variable_is_reported") {
  const std::string form =
      "a variable is written ${NAME} or ${NAME:-default}; write $${ for a literal ${";
  CHECK(problems_of(minimal("where: ${}\n")) == Lines{"6:8: " + form});
  CHECK(problems_of(minimal("where: ${1A}\n")) == Lines{"6:8: " + form});
  CHECK(problems_of(minimal("where: ${A-b}\n"), {{"A", "x"}}) == Lines{"6:8: " + form});
  CHECK(problems_of(minimal("where: a ${A\n")) ==
        Lines{"6:10: the variable has no closing }; write $${ for a literal ${"});
  CHECK(problems_of(minimal("where: ${A}\n"), {{"A", "\xFF"}}) ==
        Lines{"6:8: the variable A holds bytes that cannot stand in a job file"});
}

TEST_CASE("problems_in_a_replaced_value_lead_to_its_variable_and_never_show_it") {
  const Variables secret{{"S", "se;cret"}, {"EMPTY", ""}};
  CHECK(problems_of(minimal("where: a = ${S}\n"), secret) ==
        Lines{"6:12: where: a ; cannot stand here"});
  CHECK(problems_of(minimal("where: ${S:-x} (\n"), {{"S", "long text"}}) ==
        Lines{"6:16: where: this ( is never closed"});
  CHECK(problems_of(minimal("pace:\n  connections: ${S}\n"), secret) ==
        Lines{"7:16: pace.connections must be a whole number from 1 to 64, not what ${S} holds"});
  CHECK(problems_of(minimal("safety:\n  user_triggers: ${S}\n"), secret) ==
        Lines{"7:18: safety.user_triggers must be fire or bypass, not what ${S} holds"});
  CHECK(problems_of(minimal("throttle:\n  lock_wait: ${S}\n"), secret) ==
        Lines{"7:14: throttle.lock_wait: a duration is made of whole numbers with units, such as "
              "250ms, 1s, 5m or 1h30m"});
  CHECK(problems_of(minimal("database: ${EMPTY}\n"), secret) ==
        Lines{"6:11: database is empty: ${EMPTY} holds nothing; a connection URL or libpq keywords "
              "is wanted"});
}

TEST_CASE("a_quoted_variable_is_text_even_where_it_spells_a_number") {
  CHECK(problems_of(minimal("pace: {connections: \"${N}\"}\n"), {{"N", "4"}}) ==
        Lines{"6:21: pace.connections must be a whole number from 1 to 64, not what ${N} holds"});
}
