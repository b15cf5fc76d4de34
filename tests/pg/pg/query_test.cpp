#include <catch2/catch.hpp>

#include "support/connected.hpp"

namespace backfill::test {

using pg::Param;
using pg::Rows;

TEST_CASE("query_returns_text_values_nulls_and_column_names") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<Param> params{"41", std::nullopt, "é'\"\\"};
    const auto rows = co_await connection->query(
        "SELECT $1::int + 1 AS n, $2::text AS absent, $3::text AS \"Text\", ''::text, "
        "true AS bool, '\\x00ff'::bytea, NULL::int[] ",
        params, limit);
    const Rows& found = value_of(rows);
    CHECK(found.columns ==
          std::vector<std::string>{"n", "absent", "Text", "text", "bool", "bytea", "int4"});
    REQUIRE(found.values.size() == 1);
    CHECK(found.values[0] ==
          std::vector<Param>{"42", std::nullopt, "é'\"\\", "", "t", "\\x00ff", std::nullopt});
  }());
}

TEST_CASE("affected_rows_come_from_the_command_tag") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().conninfo();
    const auto connection = co_await connect_to(database);
    const std::vector<Param> none;
    const auto created = co_await connection->query("CREATE TEMP TABLE t (n int)", none, limit);
    CHECK(value_of(created).affected == 0);
    const auto inserted =
        co_await connection->query("INSERT INTO t SELECT generate_series(1, 7)", none, limit);
    CHECK(value_of(inserted).affected == 7);
    const auto updated = co_await connection->query("UPDATE t SET n = n WHERE n < 4", none, limit);
    CHECK(value_of(updated).affected == 3);
    const auto selected = co_await connection->query("SELECT n FROM t", none, limit);
    CHECK(value_of(selected).affected == 7);
  }());
}

TEST_CASE("server_errors_carry_all_their_fields_and_leave_the_connection_usable") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<Param> none;
    const auto failed = co_await connection->query(
        "DO $$ BEGIN\n RAISE EXCEPTION 'no' USING DETAIL = 'because', HINT = 'try', "
        "ERRCODE = '22012'; END $$",
        none, limit);
    const Error& error = error_of(failed);
    CHECK(error.sqlstate == "22012");
    CHECK(error.message == "no");
    CHECK(error.detail == "because");
    CHECK(error.hint == "try");
    CHECK_THAT(error.context, Catch::StartsWith("DO $$ BEGIN RAISE EXCEPTION 'no'"));
    CHECK_THAT(error.context, Catch::Contains("PL/pgSQL function"));
    CHECK(connection->usable());
    const auto again = co_await connection->query("SELECT 1", none, limit);
    CHECK(value_of(again).values[0][0] == "1");
  }());
}

TEST_CASE("an_error_points_at_the_character_of_its_statement") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<Param> none;
    const auto failed = co_await connection->query("SELECT 'é', nothing", none, limit);
    CHECK(error_of(failed).position == 13);
    const auto elsewhere = co_await connection->query("SELECT 1 / 0", none, limit);
    CHECK(error_of(elsewhere).position == 0);
  }());
}

TEST_CASE("a_nul_byte_is_refused_and_nothing_is_sent") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<Param> params{std::string("a\0b", 3)};
    const auto failed = co_await connection->query("SELECT $1::text", params, limit);
    CHECK(error_of(failed).kind == ErrorClass::fatal);
    CHECK(error_of(failed).sqlstate == "22021");
    CHECK(connection->usable());
  }());
}

TEST_CASE("script_runs_several_statements_and_reports_the_first_error") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto good = co_await connection->script(
        "CREATE TEMP TABLE t (n int PRIMARY KEY); INSERT INTO t VALUES (1), (2)", limit);
    CHECK(good.has_value());
    const auto bad =
        co_await connection->script("INSERT INTO t VALUES (3); INSERT INTO t VALUES (1)", limit);
    CHECK(error_of(bad).sqlstate == "23505");
    const std::vector<Param> none;
    const auto rows = co_await connection->query("SELECT count(*) FROM t", none, limit);
    CHECK(value_of(rows).values[0][0] == "2");
  }());
}

TEST_CASE("copy_is_refused_instead_of_waiting_for_ever") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto first = co_await connect_to(TestServer::instance().conninfo());
    const auto scripted = co_await first->script("COPY (SELECT 1) TO STDOUT", limit);
    CHECK_THAT(error_of(scripted).message, Catch::Contains("COPY"));
    CHECK_FALSE(first->usable());
    const auto second = co_await connect_to(TestServer::instance().conninfo());
    std::vector<pg::Statement> statements(1);
    statements[0].sql = "COPY (SELECT 1) TO STDOUT";
    const auto piped = co_await second->pipeline(std::move(statements), limit);
    REQUIRE(piped.error.has_value());
    CHECK_THAT(piped.error->message, Catch::Contains("COPY"));
    CHECK_FALSE(second->usable());
  }());
}

}  // namespace backfill::test
