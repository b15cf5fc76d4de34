#include "catalog/expression_facts.hpp"

#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"

namespace backfill::test {
namespace {

constexpr const char* people_sql = R"(
CREATE TABLE people (id bigserial PRIMARY KEY, email text, n int, price numeric(10,2), born date,
                     at timestamptz, doc jsonb, tags text[], out text);
INSERT INTO people (email, n) SELECT 'a' || g, g FROM generate_series(1, 100) AS g;
CREATE FUNCTION shaky(text) RETURNS text LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION steady(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION looks_up(text) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION inlined(text) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT lower($1)';
CREATE SEQUENCE numbers;
)";

asio::awaitable<std::vector<ExpressionFacts>> facts_of(std::vector<std::string> expressions) {
  const auto connection = co_await database_with(people_sql);
  const Target target = co_await target_of(connection.get(), "people");
  Job job = job_setting("people", "out", "'x'");
  job.set.clear();
  for (const std::string& expression : expressions) job.set.push_back({"out", expression});
  const auto facts = co_await expression_facts(connection.get(), job, target);
  co_return value_of(facts);
}

}  // namespace

TEST_CASE("expressions_over_the_row_alone_are_deterministic") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::vector<std::string> expressions{
        "lower(trim(email))", "email || '-' || n", "(n + 1) * 2 - n % 3", "price::float8",
        "n::text", "CASE WHEN n > 3 THEN email ELSE 'none' END", "coalesce(email, 'none')",
        "'constant'", "NULL", "email", "doc ->> 'name'", "regexp_replace(email, '@.*$', '')",
        "md5(email)", "people.email", "steady(email)", "inlined(email)", "tags[1]",
        "substring(email from 2 for 3)", "extract(year from born)::text", "born + 7 > born",
        // Stable, but through settings alone.
        "concat(email, n)", "to_char(at, 'YYYY')", "at::date::text", "to_jsonb(email)::text",
        "date_trunc('day', at)::text", "format('%s', email)", "email /* comment ( */ -- end"};
    const auto facts = co_await facts_of(expressions);
    REQUIRE(facts.size() == expressions.size());
    for (std::size_t i = 0; i < facts.size(); ++i) {
      INFO(expressions[i]);
      CHECK(facts[i].deterministic);
      CHECK_FALSE(facts[i].reads_set_columns);
    }
  }());
}

TEST_CASE("expressions_that_give_another_value_later_are_not_deterministic") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::vector<std::string> expressions{"random()::text",
                                               "clock_timestamp()::text",
                                               "gen_random_uuid()::text",
                                               "nextval('numbers')::text",
                                               "shaky(email)",
                                               "shaky(NULL)",
                                               "email || shaky('x')",
                                               "CASE WHEN n > 5 THEN random()::text END",
                                               "now()::text",
                                               "current_timestamp::text",
                                               "CURRENT_DATE::text",
                                               "looks_up(email)",
                                               "(SELECT max(p.email) FROM people AS p)",
                                               "'now'::timestamptz::text",
                                               "date ' today '",
                                               "timeofday()",
                                               "age(at)::text",
                                               "current_user::text",
                                               "txid_current()::text",
                                               "(at + (now() - at))::text"};
    const auto facts = co_await facts_of(expressions);
    REQUIRE(facts.size() == expressions.size());
    for (std::size_t i = 0; i < facts.size(); ++i) {
      INFO(expressions[i]);
      CHECK_FALSE(facts[i].deterministic);
    }
  }());
}

TEST_CASE("an_expression_that_reads_what_the_job_sets_cannot_be_proved") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(people_sql);
    const Target target = co_await target_of(connection.get(), "people");
    Job job = job_setting("people", "n", "n + 1");
    job.set.push_back({"out", "lower(email)"});
    job.set.push_back({"doc", "to_jsonb(people)"});
    job.set.push_back({"email", "md5(people.*::text)"});
    const auto provable = co_await deterministic_expressions(connection.get(), job, target);
    // The second reads `email`, which the fourth sets.
    CHECK(value_of(provable) == std::vector<bool>{false, false, false, false});
    job.set.resize(2);
    const auto fewer = co_await deterministic_expressions(connection.get(), job, target);
    CHECK(value_of(fewer) == std::vector<bool>{false, true});
  }());
}

TEST_CASE("columns_that_add_will_create_can_be_read_before_they_exist") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(people_sql);
    const Target target = co_await target_of(connection.get(), "people");
    Job job = job_setting("people", "out", "lower(fresh) || email");
    job.set.push_back({"other", "shaky(fresh)"});
    job.add.push_back({"fresh", "varchar(10) -- short"});
    job.add.push_back({"other", "text"});
    const auto facts = co_await expression_facts(connection.get(), job, target);
    REQUIRE(value_of(facts).size() == 2);
    CHECK(value_of(facts)[0].deterministic);
    CHECK_FALSE(value_of(facts)[1].deterministic);
  }());
}

TEST_CASE("facts_of_a_partitioned_table_are_the_same") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE parts (id int PRIMARY KEY, a text, b text) PARTITION BY RANGE (id);"
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);");
    const Target target = co_await target_of(connection.get(), "parts");
    Job job = job_setting("parts", "b", "lower(a)");
    job.set.push_back({"b", "random()::text"});
    const auto facts = co_await expression_facts(connection.get(), job, target);
    CHECK(value_of(facts)[0].deterministic);
    CHECK_FALSE(value_of(facts)[1].deterministic);
  }());
}

TEST_CASE("a_wrong_expression_is_an_error_and_the_connection_stays_usable") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(people_sql);
    const Target target = co_await target_of(connection.get(), "people");
    const Job job = job_setting("people", "out", "lowr(email)");
    const auto facts = co_await expression_facts(connection.get(), job, target);
    CHECK(error_of(facts).sqlstate == "42883");
    const std::string state =
        co_await value_from(connection.get(), "SELECT current_setting('constraint_exclusion')");
    CHECK(state == "partition");
  }());
}

}  // namespace backfill::test
