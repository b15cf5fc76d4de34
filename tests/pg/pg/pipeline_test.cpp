#include <boost/asio/experimental/awaitable_operators.hpp>
#include <catch2/catch.hpp>

#include "pg/clock.hpp"
#include "support/connected.hpp"

namespace backfill::test {

using namespace boost::asio::experimental::awaitable_operators;
using pg::Statement;

namespace {

Statement statement(std::string sql, std::vector<pg::Param> params = {}) {
  Statement made;
  made.sql = std::move(sql);
  made.params = std::move(params);
  return made;
}

Statement prepared(std::string sql, std::vector<pg::Param> params = {}) {
  Statement made = statement(std::move(sql), std::move(params));
  made.prepared = true;
  return made;
}

asio::awaitable<std::string> one_value(pg::Connection* connection, std::string sql) {
  const std::vector<pg::Param> none;
  const auto rows = co_await connection->query(std::move(sql), none, limit);
  co_return value_of(rows).values.at(0).at(0).value_or("NULL");
}

/// Lets the advisory lock go once this backend waits for it; returns the moment before that.
asio::awaitable<Instant> release_once_awaited(pg::Connection* holder, int waiter) {
  const std::vector<pg::Param> params{std::to_string(waiter)};
  for (bool waits = false; !waits;) {
    const auto rows = co_await holder->query(
        "SELECT 1 FROM pg_locks WHERE pid = $1::int AND NOT granted", params, limit);
    waits = !value_of(rows).values.empty();
  }
  const Instant released = pg::now();
  const auto unlocked = co_await holder->script("SELECT pg_advisory_unlock(77)", limit);
  value_of(unlocked);
  co_return released;
}

}  // namespace

TEST_CASE("a_pipeline_returns_each_statement_in_order_with_its_arrival") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    std::vector<Statement> statements;
    statements.push_back(statement("BEGIN"));
    statements.push_back(statement("CREATE TEMP TABLE t (n int)"));
    statements.push_back(statement("INSERT INTO t SELECT generate_series(1, $1::int)", {"5"}));
    statements.back().flush_after = true;
    statements.push_back(statement("SELECT sum(n) FROM t WHERE n > $1", {"2"}));
    statements.push_back(statement("COMMIT"));
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    REQUIRE_FALSE(outcome.error);
    REQUIRE(outcome.results.size() == 5);
    CHECK(outcome.results[2].rows.affected == 5);
    CHECK(outcome.results[3].rows.values[0][0] == "12");
    Instant before = outcome.started;
    for (const auto& result : outcome.results) {
      CHECK(result.arrived >= before);
      before = result.arrived;
    }
    const std::string count = co_await one_value(connection.get(), "SELECT count(*) FROM t");
    CHECK(count == "5");
  }());
}

TEST_CASE("flush_after_makes_a_result_arrive_while_the_next_statement_still_runs") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto holder = co_await connect_to(TestServer::instance().conninfo());
    const auto locked = co_await holder->script("SELECT pg_advisory_lock(77)", limit);
    value_of(locked);
    std::vector<Statement> statements;
    statements.push_back(statement("SELECT 1"));
    statements.back().flush_after = true;
    statements.push_back(statement("SELECT pg_advisory_lock(77)"));
    const auto both = co_await (connection->pipeline(std::move(statements), limit) &&
                                release_once_awaited(holder.get(), connection->backend_pid()));
    const pg::PipelineResult& outcome = std::get<0>(both);
    const Instant released = std::get<1>(both);
    REQUIRE(outcome.results.size() == 2);
    CHECK(outcome.results[0].arrived < released);
    CHECK(outcome.results[1].arrived >= released);
  }());
}

TEST_CASE("a_failure_in_the_middle_keeps_what_came_before_and_undoes_the_transaction") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto created = co_await connection->script("CREATE TEMP TABLE t (n int)", limit);
    value_of(created);
    std::vector<Statement> statements;
    statements.push_back(statement("BEGIN"));
    statements.push_back(statement("INSERT INTO t VALUES (1)"));
    statements.push_back(statement("SELECT 1 / $1::int", {"0"}));
    statements.push_back(statement("INSERT INTO t VALUES (2)"));
    statements.push_back(statement("COMMIT"));
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    CHECK(outcome.results.size() == 2);
    REQUIRE(outcome.error);
    CHECK(outcome.error->sqlstate == "22012");
    CHECK(outcome.error->context == "SELECT 1 / $1::int");
    // The COMMIT was skipped with the rest, and BEGIN left the session in a failed transaction.
    const auto ended = co_await connection->script("ROLLBACK", limit);
    value_of(ended);
    const std::string count = co_await one_value(connection.get(), "SELECT count(*) FROM t");
    CHECK(count == "0");
    CHECK(connection->usable());
  }());
}

TEST_CASE("an_error_at_the_sync_is_an_error_of_the_pipeline") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto created = co_await connection->script(
        "CREATE TEMP TABLE t (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)", limit);
    value_of(created);
    std::vector<Statement> statements;
    statements.push_back(statement("INSERT INTO t VALUES (1)"));
    statements.push_back(statement("INSERT INTO t VALUES (1)"));
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    REQUIRE(outcome.error);
    CHECK(outcome.error->sqlstate == "23505");
    const std::string count = co_await one_value(connection.get(), "SELECT count(*) FROM t");
    CHECK(count == "0");
    CHECK(connection->usable());
  }());
}

TEST_CASE("a_prepared_statement_is_prepared_once_for_each_connection") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    for (int i = 0; i < 3; ++i) {
      std::vector<Statement> statements;
      statements.push_back(prepared("SELECT $1::int * 2", {std::to_string(i)}));
      statements.push_back(prepared("SELECT $1::int * 2", {"21"}));
      const auto outcome = co_await connection->pipeline(std::move(statements), limit);
      REQUIRE_FALSE(outcome.error);
      REQUIRE(outcome.results.size() == 2);
      CHECK(outcome.results[0].rows.values[0][0] == std::to_string(2 * i));
      CHECK(outcome.results[1].rows.values[0][0] == "42");
    }
    const std::string names = co_await one_value(
        connection.get(), "SELECT string_agg(name, ',') FROM pg_prepared_statements");
    CHECK_THAT(names, Catch::StartsWith("backfill_"));
    CHECK(names.find(',') == std::string::npos);
  }());
}

TEST_CASE("a_statement_whose_preparation_was_skipped_is_prepared_by_the_next_flight") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    std::vector<Statement> failing;
    failing.push_back(statement("SELECT 1 / 0"));
    failing.push_back(prepared("SELECT 'later'"));
    const auto failed = co_await connection->pipeline(std::move(failing), limit);
    CHECK(failed.results.empty());
    std::vector<Statement> again;
    again.push_back(prepared("SELECT 'later'"));
    const auto outcome = co_await connection->pipeline(std::move(again), limit);
    REQUIRE_FALSE(outcome.error);
    CHECK(outcome.results[0].rows.values[0][0] == "later");
  }());
}

TEST_CASE("a_statement_that_cannot_be_prepared_names_itself_and_may_be_repaired") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    for (int i = 0; i < 2; ++i) {
      std::vector<Statement> statements;
      statements.push_back(prepared("SELECT n FROM not_there"));
      const auto outcome = co_await connection->pipeline(std::move(statements), limit);
      REQUIRE(outcome.error);
      CHECK(outcome.error->sqlstate == "42P01");
      CHECK(outcome.error->context == "SELECT n FROM not_there");
    }
    const auto created =
        co_await connection->script("CREATE TEMP TABLE not_there AS SELECT 3 AS n", limit);
    value_of(created);
    std::vector<Statement> statements;
    statements.push_back(prepared("SELECT n FROM not_there"));
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    REQUIRE_FALSE(outcome.error);
    CHECK(outcome.results[0].rows.values[0][0] == "3");
  }());
}

TEST_CASE("prepared_statements_that_someone_deallocated_are_sent_unnamed_after_one_retry") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    std::vector<Statement> statements;
    statements.push_back(prepared("SELECT 5"));
    auto outcome = co_await connection->pipeline(statements, limit);
    REQUIRE_FALSE(outcome.error);
    const auto dropped = co_await connection->script("DISCARD ALL", limit);
    value_of(dropped);
    outcome = co_await connection->pipeline(statements, limit);
    REQUIRE(outcome.error);
    CHECK(outcome.error->sqlstate == "26000");
    CHECK(outcome.error->kind == ErrorClass::retry_batch);
    outcome = co_await connection->pipeline(statements, limit);
    REQUIRE_FALSE(outcome.error);
    const std::string count =
        co_await one_value(connection.get(), "SELECT count(*) FROM pg_prepared_statements");
    CHECK(count == "0");
  }());
}

TEST_CASE("a_name_that_is_taken_is_dropped_and_prepared_again") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    std::vector<Statement> statements;
    statements.push_back(prepared("SELECT 6"));
    auto outcome = co_await connection->pipeline(statements, limit);
    REQUIRE_FALSE(outcome.error);
    const std::string name =
        co_await one_value(connection.get(), "SELECT name FROM pg_prepared_statements");

    const auto other = co_await connect_to(TestServer::instance().conninfo());
    const auto taken = co_await other->script("PREPARE " + name + " AS SELECT 'not ours'", limit);
    value_of(taken);
    outcome = co_await other->pipeline(statements, limit);
    REQUIRE(outcome.error);
    CHECK(outcome.error->sqlstate == "42P05");
    CHECK(outcome.error->kind == ErrorClass::retry_batch);
    outcome = co_await other->pipeline(statements, limit);
    REQUIRE_FALSE(outcome.error);
    CHECK(outcome.results[0].rows.values[0][0] == "6");
  }());
}

TEST_CASE("a_cached_plan_that_went_stale_costs_one_retry") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto created =
        co_await connection->script("CREATE TEMP TABLE t (n int); INSERT INTO t VALUES (1)", limit);
    value_of(created);
    std::vector<Statement> statements;
    statements.push_back(prepared("SELECT * FROM t"));
    auto outcome = co_await connection->pipeline(statements, limit);
    REQUIRE_FALSE(outcome.error);
    const auto altered = co_await connection->script("ALTER TABLE t ADD m text", limit);
    value_of(altered);
    outcome = co_await connection->pipeline(statements, limit);
    REQUIRE(outcome.error);
    CHECK(outcome.error->sqlstate == "0A000");
    CHECK(outcome.error->kind == ErrorClass::retry_batch);
    outcome = co_await connection->pipeline(statements, limit);
    REQUIRE_FALSE(outcome.error);
    CHECK(outcome.results[0].rows.columns.size() == 2);
  }());
}

TEST_CASE("a_pipeline_larger_than_all_socket_buffers_does_not_deadlock") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    // 64 MiB out and 64 MiB back, so that either side blocks unless the other reads.
    const std::string block(1 << 20, 'x');
    std::vector<Statement> statements;
    for (int i = 0; i < 64; ++i) statements.push_back(statement("SELECT $1::text", {block}));
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    REQUIRE_FALSE(outcome.error);
    REQUIRE(outcome.results.size() == 64);
    CHECK(outcome.results.back().rows.values[0][0]->size() == block.size());
  }());
}

TEST_CASE("an_empty_pipeline_succeeds_without_a_round_trip") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    std::vector<Statement> statements;
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    CHECK_FALSE(outcome.error);
    CHECK(outcome.results.empty());
  }());
}

}  // namespace backfill::test
