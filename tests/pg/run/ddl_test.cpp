#include "run/ddl.hpp"

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"
#include "pg/checkpoint/control_database.hpp"

using namespace backfill;
using namespace backfill::test;
using run::DdlFence;
using run::DdlRunner;
using run::DdlSettings;
using run::Level;

namespace {

const QualifiedName table_t{"public", "t"};
const DdlSettings usual;
const std::string table_sql =
    "CREATE TABLE t (id bigint PRIMARY KEY, email text);"
    "INSERT INTO t SELECT g, 'a' || g FROM generate_series(1, 1000) AS g;";

/// A runner in a fresh database, what it told, and the result of what runs in the background.
struct Workshop {
  std::string url;
  std::unique_ptr<pg::Connection> observer;
  std::unique_ptr<pg::Connection> other;
  std::vector<std::string> told;
  std::optional<Result<void>> result;
  std::unique_ptr<DdlRunner> runner;

  [[nodiscard]] bool told_of(const std::string& words) const {
    return std::any_of(told.begin(), told.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }
};

asio::awaitable<void> open_workshop(Workshop* shop, DdlSettings settings) {
  shop->url = TestServer::instance().with_database();
  shop->observer = co_await connect_to(shop->url);
  pg::ConnectOptions options;
  options.conninfo = shop->url;
  options.application_name = "other";
  auto other = co_await pg::Connection::connect(co_await asio::this_coro::executor, options);
  shop->other = std::move(other).value();
  co_await run_sql(shop->observer.get(), table_sql);
  options.application_name = "backfill: test";
  settings.lock_timeout = std::chrono::milliseconds{200};
  shop->runner = std::make_unique<DdlRunner>(
      co_await asio::this_coro::executor, options, settings, 1,
      [shop](Level, const std::string& reason, const std::string& text) {
        shop->told.push_back(reason + ": " + text);
      });
}

asio::awaitable<void> keep_result(Workshop* shop, OnlineDdl statement) {
  const Result<void> done = co_await shop->runner->run(std::move(statement));
  shop->result = done;
}

asio::awaitable<void> start(Workshop* shop, OnlineDdl statement) {
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, keep_result(shop, std::move(statement)), asio::detached);
}

asio::awaitable<void> keep_completed(Workshop* shop, DdlRunner::Look look) {
  const Result<void> done = co_await shop->runner->complete(std::move(look));
  shop->result = done;
}

asio::awaitable<void> start_completing(Workshop* shop, DdlRunner::Look look) {
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, keep_completed(shop, std::move(look)), asio::detached);
}

asio::awaitable<void> rest() {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, std::chrono::milliseconds{20});
  co_await timer.async_wait(asio::use_awaitable);
}

/// Until the query answers `t`.
asio::awaitable<void> wait_until(Workshop* shop, std::string sql) {
  while (true) {
    const std::string answer = co_await value_from(shop->observer.get(), sql);
    if (answer == "t") break;
    co_await rest();
  }
}

asio::awaitable<void> wait_for_result(Workshop* shop) {
  while (!shop->result) co_await rest();
}

OnlineDdl unique_email() {
  OnlineIndex index;
  index.table = table_t;
  index.name = "t_email_key";
  index.unique = true;
  index.definition = index_columns({"email"});
  return create_index_concurrently(index);
}

const std::string no_index = "SELECT to_regclass('t_email_key') IS NULL";

}  // namespace

TEST_CASE("who_is_in_the_way_of_ddl_is_named_and_it_is_tried_again_until_they_are_gone") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop, usual);
    co_await run_sql(shop.other.get(), "BEGIN; UPDATE t SET email = 'x' WHERE id = 1");
    co_await start(&shop, set_default(table_t, "email", "'none'"));
    while (!shop.told_of("in the way: session")) co_await rest();
    const std::string pid = std::to_string(shop.other->backend_pid());
    CHECK(shop.told_of("no lock within 200 ms; in the way: session " + pid +
                       " (user postgres, application other, idle in transaction, its transaction"));
    CHECK(shop.told_of("trying again in"));
    CHECK_FALSE(shop.result);
    co_await run_sql(shop.other.get(), "COMMIT");
    co_await wait_for_result(&shop);
    value_of(*shop.result);
    const std::string value =
        co_await value_from(shop.observer.get(), "INSERT INTO t VALUES (0) RETURNING email");
    CHECK(value == "none");
  }());
}

TEST_CASE("ddl_that_never_gets_its_lock_gives_up_and_says_who_is_in_the_way") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    DdlSettings settings;
    settings.tries = 2;
    co_await open_workshop(&shop, settings);
    co_await run_sql(shop.other.get(), "BEGIN; LOCK TABLE t IN ACCESS SHARE MODE");
    co_await start(&shop, set_default(table_t, "email", "'none'"));
    co_await wait_for_result(&shop);
    const Error& error = error_of(*shop.result);
    CHECK(error.sqlstate == "55P03");
    CHECK_THAT(error.hint, Catch::Contains("session " + std::to_string(shop.other->backend_pid())));
    CHECK(shop.told_of("try 2"));
    CHECK(shop.told_of("giving up"));
  }());
}

TEST_CASE("by_force_the_session_that_holds_the_table_is_terminated_and_one_that_queues_is_not") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop, usual);
    auto queueing = co_await connect_to(shop.url);
    co_await run_sql(shop.other.get(), "BEGIN; UPDATE t SET email = 'x' WHERE id = 1");
    const std::string pid = std::to_string(shop.other->backend_pid());
    const auto executor = co_await asio::this_coro::executor;
    pg::Connection* queue = queueing.get();
    asio::co_spawn(executor, run_sql(queue, "ALTER TABLE t ADD COLUMN waited integer"),
                   asio::detached);
    co_await wait_until(&shop, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted");
    std::vector<OnlineDdl> statements{set_default(table_t, "email", "'none'")};
    const Result<void> done = co_await shop.runner->run_by_force(std::move(statements));
    value_of(done);
    CHECK(shop.told_of("session_terminated: terminated session " + pid +
                       " (user postgres, application other, idle in transaction"));
    CHECK(std::ranges::count_if(shop.told, [](const std::string& line) {
            return line.starts_with("session_terminated");
          }) == 1);
    CHECK(shop.told_of("try 1: no lock within 200 ms"));
    const std::string gone = co_await value_from(
        shop.observer.get(), "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = " + pid);
    CHECK(gone == "t");
    const std::string waited = co_await value_from(
        shop.observer.get(), "SELECT count(*) FROM pg_attribute WHERE attname = 'waited'");
    CHECK(waited == "1");
    const std::string undone =
        co_await value_from(shop.observer.get(), "SELECT email FROM t WHERE id = 1");
    CHECK(undone == "a1");
  }());
}

TEST_CASE("a_session_that_our_role_may_not_terminate_stays_and_is_told_of") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    DdlSettings settings;
    settings.tries = 2;
    co_await open_workshop(&shop, settings);
    co_await run_sql(shop.observer.get(), "CREATE ROLE meek LOGIN; ALTER TABLE t OWNER TO meek");
    pg::ConnectOptions options;
    options.conninfo = shop.url;
    options.conninfo.replace(options.conninfo.find("postgres@"), 8, "meek");
    DdlSettings short_waits = settings;
    short_waits.lock_timeout = std::chrono::milliseconds{200};
    DdlRunner runner(co_await asio::this_coro::executor, options, short_waits, 1,
                     [&shop](Level, const std::string& reason, const std::string& text) {
                       shop.told.push_back(reason + ": " + text);
                     });
    co_await run_sql(shop.other.get(), "BEGIN; UPDATE t SET email = 'x' WHERE id = 1");
    std::vector<OnlineDdl> statements{set_default(table_t, "email", "'none'")};
    const Result<void> done = co_await runner.run_by_force(std::move(statements));
    CHECK(error_of(done).sqlstate == "55P03");
    CHECK(shop.told_of("session_not_terminated: could not terminate session " +
                       std::to_string(shop.other->backend_pid())));
    co_await run_sql(shop.other.get(), "COMMIT");
    runner.close();
  }());
}

TEST_CASE("an_index_is_built_beside_writers_and_its_failed_build_leaves_nothing_behind") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop, usual);
    co_await run_sql(shop.observer.get(), "INSERT INTO t VALUES (5000, 'a7')");
    const Result<void> failed = co_await shop.runner->run(unique_email());
    CHECK(error_of(failed).sqlstate == "23505");
    co_await wait_until(&shop, no_index);
    CHECK(shop.told_of("removed the unfinished index"));

    co_await run_sql(shop.observer.get(), "DELETE FROM t WHERE id = 5000");
    const Result<void> built = co_await shop.runner->run(unique_email());
    value_of(built);
    co_await wait_until(
        &shop, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_email_key'::regclass");
  }());
}

TEST_CASE("a_stop_cancels_a_build_that_waits_for_old_transactions_and_removes_its_index") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop, usual);
    co_await run_sql(shop.other.get(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    co_await start(&shop, unique_email());
    co_await wait_until(&shop,
                        "SELECT count(*) = 1 FROM pg_stat_progress_create_index WHERE phase = "
                        "'waiting for old snapshots'");
    while (shop.runner->doing().find("waiting for session") == std::string::npos) co_await rest();
    CHECK_THAT(shop.runner->doing(), Catch::Contains("CREATE UNIQUE INDEX CONCURRENTLY"));
    shop.runner->stop(fatal_error("stopped by the test"));
    co_await wait_for_result(&shop);
    CHECK(error_of(*shop.result).message == "stopped by the test");
    co_await wait_until(&shop, no_index);
    CHECK(shop.runner->doing().empty());
    const Result<void> later = co_await shop.runner->run(unique_email());
    CHECK(error_of(later).message == "stopped by the test");
  }());
}

TEST_CASE("a_runner_that_has_lost_its_lease_runs_no_ddl_of_any_shape") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    DdlSettings settings;
    co_await open_workshop(&shop, settings);
    const Held held = co_await make_held_job(shop.observer.get());
    settings.fence = DdlFence{held.job, held.lease.epoch};
    settings.lock_timeout = std::chrono::milliseconds{200};
    pg::ConnectOptions options;
    options.conninfo = shop.url;
    DdlRunner runner(co_await asio::this_coro::executor, options, settings, 1,
                     [](Level, const std::string&, const std::string&) {});
    const Result<void> before = co_await runner.run(set_default(table_t, "email", "'x'"));
    value_of(before);
    co_await run_sql(shop.observer.get(), "UPDATE backfill.jobs SET epoch = epoch + 1");
    const Result<void> instant = co_await runner.run(drop_default(table_t, "email"));
    CHECK(error_of(instant).kind == ErrorClass::lease_lost);
    const Result<void> build = co_await runner.run(unique_email());
    CHECK(error_of(build).kind == ErrorClass::lease_lost);
    co_await wait_until(&shop, no_index);
    co_await wait_until(&shop, "SELECT count(*) = 1 FROM pg_attrdef WHERE adrelid = 't'::regclass");
  }());
}

TEST_CASE("a_step_is_completed_by_the_catalog_although_its_connection_was_lost_on_the_way") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop, usual);
    int looks = 0;
    DdlRunner::Look look =
        [&looks](pg::Connection* connection) -> asio::awaitable<Result<std::optional<OnlineDdl>>> {
      ++looks;
      const std::string there = co_await value_from(
          connection, "SELECT count(*)::text FROM pg_attrdef WHERE adrelid = 't'::regclass");
      if (there == "1") co_return std::optional<OnlineDdl>{};
      co_return std::optional<OnlineDdl>{set_default(table_t, "email", "'x'")};
    };
    co_await run_sql(shop.other.get(), "BEGIN; LOCK TABLE t");
    co_await start_completing(&shop, std::move(look));
    co_await wait_until(&shop,
                        "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity WHERE "
                        "application_name = 'backfill: test' AND wait_event_type = 'Lock'");
    while (!shop.told_of("ddl_connection_lost")) co_await rest();
    co_await run_sql(shop.other.get(), "COMMIT");
    co_await wait_for_result(&shop);
    value_of(*shop.result);
    CHECK(looks >= 3);
  }());
}
