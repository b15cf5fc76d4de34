#include "signals/lock_waits.hpp"

#include <memory>
#include <stdexcept>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"
#include "signals/blockers.hpp"

namespace backfill::test {

using Catch::Contains;

namespace {

const std::string rows_sql =
    "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)";
const std::string update_sql = "UPDATE t SET n = n + 1 WHERE id = 1";

asio::awaitable<std::unique_ptr<pg::Connection>> another(pg::Connection* connection,
                                                         std::string application) {
  const std::string database = co_await value_from(connection, "SELECT current_database()");
  const auto executor = co_await asio::this_coro::executor;
  pg::ConnectOptions options;
  options.conninfo = TestServer::instance().conninfo(database);
  options.application_name = std::move(application);
  auto made = co_await pg::Connection::connect(executor, std::move(options));
  co_return std::move(made).value();
}

asio::awaitable<void> run_and_tell(pg::Connection* connection, std::string sql,
                                   std::shared_ptr<bool> ended) {
  const auto ignored = co_await connection->script(std::move(sql), limit);
  static_cast<void>(ignored);
  *ended = true;
}

/// Sends it and does not wait for its end, which it gives to look at.
asio::awaitable<std::shared_ptr<bool>> send(pg::Connection* connection, std::string sql) {
  auto ended = std::make_shared<bool>(false);
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, run_and_tell(connection, std::move(sql), ended), asio::detached);
  co_return ended;
}

/// A connection must outlive what runs on it.
asio::awaitable<void> wait_for(std::shared_ptr<bool> ended) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!*ended) {
    timer.expires_after(std::chrono::milliseconds{5});
    co_await timer.async_wait(asio::use_awaitable);
  }
}

/// Looks until one of ours is held up, and asks by whom.
asio::awaitable<std::vector<Blocked>> wait_until_held(pg::Connection* connection, int ours) {
  const std::vector<int> pids{ours};
  for (int tries = 0; tries < 1000; ++tries) {
    std::vector<int> asked = pids;
    const auto look = co_await read_lock_waits(connection, std::move(asked));
    std::vector<int> held_up = value_of(look).held_up;
    if (!held_up.empty()) {
      const auto blocked = co_await read_blockers(connection, std::move(held_up));
      if (!value_of(blocked).empty()) co_return value_of(blocked);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  throw std::runtime_error("nobody was seen waiting");
}

}  // namespace

TEST_CASE("who_holds_rows_is_named_from_the_end_of_the_queue_of_those_who_wait") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto watcher = co_await database_with(rows_sql);
    const auto holder = co_await another(watcher.get(), "billing");
    const auto first = co_await another(watcher.get(), "first in the queue");
    const auto ours = co_await another(watcher.get(), "backfill: test");
    co_await run_sql(holder.get(), "BEGIN; " + update_sql);
    const auto first_ended = co_await send(first.get(), update_sql);
    (void)co_await wait_until_held(watcher.get(), first->backend_pid());
    const auto ended = co_await send(ours.get(), update_sql);
    const auto held = co_await wait_until_held(watcher.get(), ours->backend_pid());
    REQUIRE(held.size() == 1);
    CHECK(held[0].waiter_pid == ours->backend_pid());
    CHECK_THAT(held[0].by,
               Contains("session " + std::to_string(holder->backend_pid()) + " (user ") &&
                   Contains("application billing, idle in transaction, its transaction ") &&
                   !Contains("first in the queue"));
    co_await run_sql(holder.get(), "ROLLBACK");
    co_await wait_for(first_ended);
    co_await wait_for(ended);
  }());
}

TEST_CASE("a_prepared_transaction_that_holds_rows_is_named") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto watcher = co_await database_with(rows_sql);
    const auto ours = co_await another(watcher.get(), "backfill: test");
    co_await run_sql(watcher.get(), "BEGIN; " + update_sql + "; PREPARE TRANSACTION 'left over'");
    const auto ended = co_await send(ours.get(), update_sql);
    const auto held = co_await wait_until_held(watcher.get(), ours->backend_pid());
    co_await run_sql(watcher.get(), "ROLLBACK PREPARED 'left over'");
    co_await wait_for(ended);
    REQUIRE(held.size() == 1);
    CHECK(held[0].by == "prepared transaction 'left over'");
  }());
}

TEST_CASE("a_role_without_pg_monitor_still_learns_who_holds_rows") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto watcher = co_await database_with(
        rows_sql + "; DROP ROLE IF EXISTS sees_little; CREATE ROLE sees_little LOGIN");
    const auto ours = co_await another(watcher.get(), "backfill: test");
    const auto little = co_await connect_as(watcher.get(), "sees_little");
    co_await run_sql(watcher.get(), "BEGIN; " + update_sql);
    const auto ended = co_await send(ours.get(), update_sql);
    const auto held = co_await wait_until_held(little.get(), ours->backend_pid());
    co_await run_sql(watcher.get(), "ROLLBACK");
    co_await wait_for(ended);
    REQUIRE(held.size() == 1);
    const std::string user = co_await value_from(watcher.get(), "SELECT current_user");
    CHECK(held[0].by == "session " + std::to_string(watcher->backend_pid()) + " (user " + user +
                            ", application backfill)");
  }());
}

TEST_CASE("those_who_wait_for_us_are_told_apart_from_those_whom_we_wait_for") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto watcher = co_await database_with(rows_sql);
    const auto ours = co_await another(watcher.get(), "backfill: test");
    const auto other = co_await another(watcher.get(), "shop");
    co_await run_sql(ours.get(), "BEGIN; " + update_sql);
    const auto ended = co_await send(other.get(), update_sql);
    (void)co_await wait_until_held(watcher.get(), other->backend_pid());
    std::vector<int> pids{ours->backend_pid()};
    const auto look = co_await read_lock_waits(watcher.get(), std::move(pids));
    CHECK(value_of(look).held_up.empty());
    REQUIRE(value_of(look).waits.size() == 1);
    CHECK(value_of(look).waits[0].waiter_pid == other->backend_pid());
    CHECK(value_of(look).waits[0].blocker_pid == ours->backend_pid());
    co_await run_sql(ours.get(), "ROLLBACK");
    co_await wait_for(ended);
  }());
}

}  // namespace backfill::test
