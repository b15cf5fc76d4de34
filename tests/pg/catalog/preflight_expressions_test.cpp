#include <catch2/catch.hpp>

#include "pg/catalog/preflight_fixture.hpp"

namespace backfill::test {

using Catch::Contains;
using Catch::StartsWith;

namespace {

/// The findings of expressions for column `out`, in one database, one line each.
asio::awaitable<std::vector<std::string>> rejections(std::vector<std::string> expressions) {
  const auto connection = co_await database_with(table_t_sql);
  std::vector<std::string> lines;
  for (const std::string& expression : expressions) {
    Job job = job_setting("t", "out", expression);
    const auto findings = co_await findings_of(connection.get(), std::move(job));
    lines.push_back(findings.empty() ? "" : findings.front());
  }
  co_return lines;
}

Job job_adding(const std::string& type, const std::string& expression) {
  Job job = job_setting("t", "fresh", expression);
  job.add.push_back({"fresh", type});
  return job;
}

}  // namespace

TEST_CASE("a_sound_job_has_no_findings") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_t_sql);
    Job job = job_setting("t", "out", "lower(trim(email))");
    job.where = "out IS NULL";
    const auto present = co_await findings_of(connection.get(), job);
    CHECK(present == std::vector<std::string>{});
    Job adding = job_adding("varchar(20)", "lower(trim(email))");
    adding.where = "fresh IS NULL AND t.fresh IS DISTINCT FROM email";
    const auto missing = co_await findings_of(connection.get(), adding);
    CHECK(missing == std::vector<std::string>{});
    const std::string untouched = co_await value_from(
        connection.get(),
        "SELECT count(*) || current_setting('transaction_read_only') || (SELECT count(*) FROM "
        "pg_prepared_statements) FROM pg_namespace WHERE nspname = 'backfill'");
    CHECK(untouched == "0off0");
  }());
}

TEST_CASE("the_servers_complaint_comes_with_its_place_in_the_expression") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::vector<std::string> expressions{
        "'é' ||\n  lowr(email)", "emial", "CASE email", "n", "lower(email", "1), n = (2", "$1"};
    const auto lines = co_await rejections(expressions);
    REQUIRE(lines.size() == 7);
    CHECK_THAT(lines[0], StartsWith("expressions: refused: the server rejects the expression of "
                                    "set.out on public.t: function lowr(text) does not exist "
                                    "(line 2, column 3: lowr)"));
    CHECK_THAT(lines[1], Contains("column \"emial\" does not exist (line 1, column 1: emial)"));
    CHECK_THAT(lines[1], Contains("Perhaps you meant"));
    CHECK_THAT(lines[2], Contains("syntax error at or near \")\" (at its end)"));
    CHECK(lines[3] == "");  // integer to text is an assignment cast
    CHECK_THAT(lines[4], Contains("set.out cannot stand alone: it opens a bracket"));
    CHECK_THAT(lines[5], Contains("it closes a bracket that it has not opened"));
    CHECK_THAT(lines[6], Contains("$1 is a parameter"));
  }());
}

TEST_CASE("what_no_update_may_hold_is_refused_before_and_after_the_column_exists") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_t_sql);
    const std::vector<std::string> expressions{"max(email)", "generate_series(1, n)::text",
                                               "row_number() OVER ()::text", "(SELECT 1, 2)"};
    const std::vector<std::string> complaints{"aggregate functions are not allowed in UPDATE",
                                              "set-returning functions are not allowed in UPDATE",
                                              "window functions are not allowed in UPDATE",
                                              "subquery must return only one column"};
    for (std::size_t i = 0; i < expressions.size(); ++i) {
      Job present = job_setting("t", "out", expressions[i]);
      const auto now = co_await findings_of(connection.get(), std::move(present));
      REQUIRE(now.size() == 1);
      CHECK_THAT(now[0], Contains(complaints[i]));
      Job missing = job_adding("text", expressions[i]);
      const auto later = co_await findings_of(connection.get(), std::move(missing));
      REQUIRE(later.size() == 1);
      CHECK_THAT(later[0], Contains(complaints[i]));
    }
  }());
}

TEST_CASE("a_value_must_go_into_its_column") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_t_sql +
                                                   "CREATE TYPE mood AS ENUM ('good', 'bad');"
                                                   "ALTER TABLE t ADD feeling mood;");
    Job present = job_setting("t", "feeling", "lower(email)");
    const auto now = co_await findings_of(connection.get(), std::move(present));
    REQUIRE(now.size() == 1);
    CHECK_THAT(now[0],
               Contains("column \"feeling\" is of type mood but expression is of type text"));
    Job missing = job_adding("mood", "lower(email)");
    const auto later = co_await findings_of(connection.get(), std::move(missing));
    REQUIRE(later.size() == 1);
    CHECK_THAT(later[0], Contains("set.fresh is of type text, which does not go into a column of "
                                  "type mood. Cast it: (lower(email))::mood"));
    Job constant = job_adding("mood", "'good'");
    const auto fits = co_await findings_of(connection.get(), std::move(constant));
    CHECK(fits == std::vector<std::string>{});
    Job wrong = job_adding("mood", "'glad'");
    const auto unfit = co_await findings_of(connection.get(), std::move(wrong));
    REQUIRE(unfit.size() == 1);
    CHECK_THAT(unfit[0], Contains("invalid input value for enum mood"));
    Job rounded = job_adding("numeric(10,2)", "n");
    const auto assigned = co_await findings_of(connection.get(), std::move(rounded));
    CHECK(assigned == std::vector<std::string>{});
  }());
}

TEST_CASE("where_must_be_a_condition") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_t_sql);
    Job number = job_setting("t", "out", "email");
    number.where = "n + 1";
    const auto first = co_await findings_of(connection.get(), number);
    REQUIRE(first.size() == 1);
    CHECK_THAT(first[0], Contains("expression of where on public.t: argument of WHERE must be "
                                  "type boolean, not type integer"));
    Job several = job_setting("t", "out", "nothing");
    several.where = "nowhere IS NULL) OR (true";
    const auto both = co_await findings_of(connection.get(), several);
    REQUIRE(both.size() == 2);
    CHECK_THAT(both[0], Contains("\"nothing\" does not exist"));
    CHECK_THAT(both[1], Contains("`where` cannot stand alone"));
  }());
}

TEST_CASE("a_type_of_add_must_exist_and_be_the_one_that_is_there") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        table_t_sql + "ALTER TABLE t ADD price numeric(10,2), ADD name varchar(20) COLLATE \"C\";");
    const std::vector<std::string> types{"txt", "bigserial", "text NOT NULL", "record",
                                         "text); DROP TABLE t"};
    for (const std::string& type : types) {
      INFO(type);
      Job job = job_adding(type, "NULL");
      const auto findings = co_await findings_of(connection.get(), std::move(job));
      REQUIRE(findings.size() == 1);
      CHECK_THAT(findings[0], StartsWith("add_columns: refused: type " + type));
    }
    Job same = job_setting("t", "price", "n");
    same.add.push_back({"price", "pg_catalog.numeric ( 10, 2 ) -- euros"});
    same.add.push_back({"name", "varchar(20) COLLATE \"C\""});
    const auto none = co_await findings_of(connection.get(), same);
    CHECK(none == std::vector<std::string>{});
    same.add[0].type = "numeric(10,3)";
    const auto differs = co_await findings_of(connection.get(), same);
    REQUIRE(differs.size() == 1);
    CHECK_THAT(differs[0], Contains("price of public.t exists with type numeric(10,2), and `add` "
                                    "asks for numeric(10,3)"));
  }());
}

TEST_CASE("columns_that_cannot_be_set_are_named_with_the_one_that_was_meant") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE t (id bigint PRIMARY KEY, email text, n int GENERATED ALWAYS AS IDENTITY,"
        "twice text GENERATED ALWAYS AS (email || email) STORED, out text)");
    Job job = job_setting("t", "emial", "'x'");
    job.set.push_back({"twice", "'x'"});
    job.set.push_back({"n", "1"});
    job.set.push_back({"id", "id + 1"});
    job.set.push_back({"out", "'a'"});
    job.set.push_back({"out", "'b'"});
    const auto lines = co_await findings_of(connection.get(), job);
    REQUIRE(lines.size() == 6);
    CHECK_THAT(lines[0],
               Contains("emial of `set` does not exist in public.t. Did you mean email?"));
    CHECK_THAT(lines[1], Contains("twice of public.t is generated"));
    CHECK_THAT(lines[2], Contains("n of public.t is GENERATED ALWAYS AS IDENTITY"));
    CHECK_THAT(lines[3], Contains("id is part of the key"));
    CHECK_THAT(lines[4], Contains("out stands more than once"));
    CHECK_THAT(lines[5], Contains("unique indexes (t_pkey)"));
  }());
}

}  // namespace backfill::test
