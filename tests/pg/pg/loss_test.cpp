#include <cerrno>
#include <chrono>
#include <csignal>
#include <sys/types.h>
#include <thread>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "support/connected.hpp"

namespace backfill::test {

using namespace boost::asio::experimental::awaitable_operators;
using pg::Statement;

namespace {

constexpr Duration soon = std::chrono::milliseconds{200};

asio::awaitable<void> pause(Duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

/// Waits until the server shows this backend in pg_sleep.
asio::awaitable<void> until_asleep(pg::Connection* observer, int pid) {
  for (;;) {
    const std::vector<pg::Param> params{std::to_string(pid)};
    const auto rows = co_await observer->query(
        "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int AND wait_event = 'PgSleep'", params,
        limit);
    if (!value_of(rows).values.empty()) co_return;
    const Duration moment = std::chrono::milliseconds{5};
    co_await pause(moment);
  }
}

std::vector<Statement> sleepy_transaction() {
  std::vector<Statement> statements(4);
  statements[0].sql = "BEGIN";
  statements[1].sql = "SELECT 1";
  statements[2].sql = "SELECT pg_sleep(60)";
  statements[3].sql = "COMMIT";
  return statements;
}

asio::awaitable<void> terminate_when_asleep(pg::Connection* observer, int pid) {
  co_await until_asleep(observer, pid);
  const std::vector<pg::Param> params{std::to_string(pid)};
  const auto ended =
      co_await observer->query("SELECT pg_terminate_backend($1::int)", params, limit);
  value_of(ended);
}

asio::awaitable<void> cancel_when_asleep(pg::Connection* observer, pg::Connection* asleep) {
  co_await until_asleep(observer, asleep->backend_pid());
  asleep->request_cancel();
}

}  // namespace

TEST_CASE("a_backend_terminated_in_the_middle_of_a_pipeline_is_ambiguous") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto observer = co_await connect_to(TestServer::instance().conninfo());
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto outcome =
        co_await (connection->pipeline(sleepy_transaction(), limit) &&
                  terminate_when_asleep(observer.get(), connection->backend_pid()));
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind == ErrorClass::ambiguous);
    CHECK(outcome.error->sqlstate == "57P01");
    CHECK(outcome.error->context == "SELECT pg_sleep(60)");
    CHECK(outcome.results.size() <= 2);
    CHECK_FALSE(connection->usable());
  }());
}

TEST_CASE("a_backend_terminated_during_a_query_is_ambiguous") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto observer = co_await connect_to(TestServer::instance().conninfo());
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<pg::Param> none;
    const auto outcome =
        co_await (connection->query("SELECT pg_sleep(60)", none, limit) &&
                  terminate_when_asleep(observer.get(), connection->backend_pid()));
    CHECK(error_of(outcome).kind == ErrorClass::ambiguous);
    CHECK(error_of(outcome).sqlstate == "57P01");
    CHECK_FALSE(connection->usable());
  }());
}

TEST_CASE("a_connection_lost_while_idle_asks_for_a_reconnect_and_sends_nothing") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto observer = co_await connect_to(TestServer::instance().conninfo());
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<pg::Param> params{std::to_string(connection->backend_pid())};
    const auto ended =
        co_await observer->query("SELECT pg_terminate_backend($1::int)", params, limit);
    CHECK(value_of(ended).values[0][0] == "t");
    // Its socket is closed when the process has ended, which is after it has left pg_stat_activity.
    while (::kill(connection->backend_pid(), 0) == 0 || errno != ESRCH) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    std::vector<Statement> statements(1);
    statements[0].sql = "SELECT 1";
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind == ErrorClass::reconnect);
    CHECK_FALSE(connection->usable());
  }());
}

TEST_CASE("a_server_restart_loses_the_connection_and_a_new_one_works") {
  for (const auto mode : {TestServer::Stop::fast, TestServer::Stop::immediate}) {
    TestServer& server = TestServer::instance();
    run_coroutine([](TestServer* restarted, TestServer::Stop how) -> asio::awaitable<void> {
      const auto connection = co_await connect_to(restarted->conninfo());
      restarted->restart(how);
      std::vector<Statement> statements(1);
      statements[0].sql = "SELECT 1";
      const auto outcome = co_await connection->pipeline(std::move(statements), limit);
      REQUIRE(outcome.error);
      CHECK(outcome.error->kind == ErrorClass::reconnect);
      const auto again = co_await connect_to(restarted->conninfo());
      CHECK(again->usable());
    }(&server, mode));
  }
}

TEST_CASE("request_cancel_ends_a_query_with_its_sqlstate_and_keeps_the_connection") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto observer = co_await connect_to(TestServer::instance().conninfo());
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<pg::Param> none;
    const auto outcome = co_await (connection->query("SELECT pg_sleep(60)", none, limit) &&
                                   cancel_when_asleep(observer.get(), connection.get()));
    CHECK(error_of(outcome).sqlstate == "57014");
    CHECK(connection->usable());
    const auto again = co_await connection->query("SELECT 1", none, limit);
    CHECK(again.has_value());
  }());
}

TEST_CASE("request_cancel_ends_a_pipeline_and_names_the_statement") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto observer = co_await connect_to(TestServer::instance().conninfo());
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto outcome = co_await (connection->pipeline(sleepy_transaction(), limit) &&
                                   cancel_when_asleep(observer.get(), connection.get()));
    REQUIRE(outcome.error);
    CHECK(outcome.error->sqlstate == "57014");
    CHECK(outcome.error->context == "SELECT pg_sleep(60)");
    CHECK(outcome.results.size() == 2);
    CHECK(connection->usable());
  }());
}

TEST_CASE("request_cancel_of_an_idle_connection_does_not_hit_its_next_statement") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    connection->request_cancel();
    const std::vector<pg::Param> none;
    const auto outcome = co_await connection->query("SELECT pg_sleep(0.1)", none, limit);
    CHECK(outcome.has_value());
  }());
}

TEST_CASE("a_deadline_cancels_the_statement_and_says_so") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<pg::Param> none;
    const auto outcome = co_await connection->query("SELECT pg_sleep(60)", none, soon);
    CHECK(error_of(outcome).sqlstate == "57014");
    CHECK(error_of(outcome).detail == "It was cancelled at its deadline of 200 ms.");
    CHECK(connection->usable());
    const auto piped = co_await connection->pipeline(sleepy_transaction(), soon);
    REQUIRE(piped.error);
    CHECK(piped.error->sqlstate == "57014");
    CHECK(connection->usable());
  }());
}

TEST_CASE("a_backend_that_answers_no_cancel_is_given_up_as_ambiguous") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const auto backend = static_cast<pid_t>(connection->backend_pid());
    REQUIRE(::kill(backend, SIGSTOP) == 0);
    const auto outcome = co_await connection->pipeline(sleepy_transaction(), soon);
    ::kill(backend, SIGCONT);
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind == ErrorClass::ambiguous);
    CHECK_THAT(outcome.error->message, Catch::Contains("no answer within 5000 ms"));
    CHECK_FALSE(connection->usable());
  }());
}

TEST_CASE("a_cancelled_coroutine_leaves_the_connection_closed") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<pg::Param> none;
    const auto queried =
        co_await (connection->query("SELECT pg_sleep(60)", none, limit) || pause(soon));
    CHECK(queried.index() == 1);
    CHECK_FALSE(connection->usable());
    const auto other = co_await connect_to(TestServer::instance().conninfo());
    const auto piped = co_await (other->pipeline(sleepy_transaction(), limit) || pause(soon));
    CHECK(piped.index() == 1);
    CHECK_FALSE(other->usable());
    const auto refused = co_await other->query("SELECT 1", none, limit);
    CHECK(error_of(refused).kind == ErrorClass::reconnect);
  }());
}

TEST_CASE("a_second_call_on_a_busy_connection_is_refused_and_the_first_goes_on") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<pg::Param> none;
    const auto both = co_await (connection->query("SELECT pg_sleep(0.1)", none, limit) &&
                                connection->query("SELECT 2", none, limit));
    CHECK(std::get<0>(both).has_value());
    CHECK(error_of(std::get<1>(both)).kind == ErrorClass::fatal);
    CHECK(connection->usable());
  }());
}

TEST_CASE("an_abandoned_io_context_with_a_query_in_flight_is_torn_down_safely") {
  CHECK_THROWS_WITH(
      run_coroutine(
          []() -> asio::awaitable<void> {
            const auto connection = co_await connect_to(TestServer::instance().conninfo());
            const std::vector<pg::Param> none;
            const auto never = co_await connection->query("SELECT pg_sleep(60)", none, limit);
            value_of(never);
          }(),
          std::chrono::seconds{1}),
      Catch::Contains("did not end"));
}

TEST_CASE("notify_reaches_a_waiting_connection_and_silence_is_no_error") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto listener = co_await connect_to(TestServer::instance().conninfo());
    const auto speaker = co_await connect_to(TestServer::instance().conninfo());
    const auto listening = co_await listener->script("LISTEN control", limit);
    value_of(listening);
    const auto silence = co_await listener->notification(soon);
    CHECK_FALSE(value_of(silence));
    for (const char* word : {"pause", "resume"}) {
      const std::vector<pg::Param> params{word};
      const auto sent = co_await speaker->query("SELECT pg_notify('control', $1)", params, limit);
      value_of(sent);
    }
    for (const char* word : {"pause", "resume"}) {
      const auto heard = co_await listener->notification(limit);
      REQUIRE(value_of(heard));
      CHECK((*heard)->channel == "control");
      CHECK((*heard)->payload == word);
    }
    const auto interrupted = co_await (listener->notification(limit) || pause(soon));
    CHECK(interrupted.index() == 1);
    CHECK(listener->usable());
  }());
}

TEST_CASE("a_listener_learns_that_its_server_has_gone") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto listener = co_await connect_to(TestServer::instance().conninfo());
    const auto killer = co_await connect_to(TestServer::instance().conninfo());
    const std::vector<pg::Param> params{std::to_string(listener->backend_pid())};
    const auto heard =
        co_await (listener->notification(limit) &&
                  killer->query("SELECT pg_terminate_backend($1::int)", params, limit));
    CHECK(error_of(std::get<0>(heard)).kind == ErrorClass::reconnect);
    CHECK_FALSE(listener->usable());
  }());
}

}  // namespace backfill::test
