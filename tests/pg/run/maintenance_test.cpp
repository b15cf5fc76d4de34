#include "run/maintenance.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"
#include "signals/horizon_holder.hpp"
#include "signals/table_reading.hpp"

using namespace backfill;
using namespace backfill::test;
using run::Maintenance;

namespace {

const QualifiedName table_t{"public", "t"};
constexpr Duration lock_timeout = std::chrono::seconds{1};
/// Half of the rows are dead twice over.
const std::string table_sql =
    "CREATE TABLE t (id bigint PRIMARY KEY, v text) WITH (autovacuum_enabled = off);"
    "INSERT INTO t SELECT g, repeat('x', 200) FROM generate_series(1, 20000) AS g;"
    "UPDATE t SET v = repeat('y', 200) WHERE id <= 10000";

struct Workshop {
  std::unique_ptr<pg::Connection> observer;
  std::unique_ptr<pg::Connection> other;
  std::unique_ptr<Maintenance> maintenance;
  std::optional<Result<void>> result;
  std::uint32_t oid = 0;
};

asio::awaitable<void> open_workshop(Workshop* shop) {
  const std::string url = TestServer::instance().with_database();
  shop->observer = co_await connect_to(url);
  shop->other = co_await connect_to(url);
  co_await run_sql(shop->observer.get(), table_sql);
  const std::string oid = co_await value_from(shop->observer.get(), "SELECT 't'::regclass::oid");
  shop->oid = static_cast<std::uint32_t>(std::stoul(oid));
  pg::ConnectOptions options;
  options.conninfo = url;
  options.application_name = "backfill: test";
  shop->maintenance = std::make_unique<Maintenance>(co_await asio::this_coro::executor, options, 1);
}

asio::awaitable<void> keep_result(Workshop* shop, std::string sql) {
  const Result<void> done = co_await shop->maintenance->run(std::move(sql), lock_timeout);
  shop->result = done;
}

asio::awaitable<void> rest() {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds{20});
  co_await timer.async_wait(asio::use_awaitable);
}

/// A VACUUM that rests after each page, under way.
asio::awaitable<void> start_slow_vacuum(Workshop* shop) {
  const std::string database =
      co_await value_from(shop->observer.get(), "SELECT current_database()");
  co_await run_sql(shop->observer.get(),
                   "ALTER DATABASE \"" + database + "\" SET vacuum_cost_delay = 100");
  co_await run_sql(shop->observer.get(),
                   "ALTER DATABASE \"" + database + "\" SET vacuum_cost_limit = 1");
  asio::co_spawn(co_await asio::this_coro::executor, keep_result(shop, run::vacuum_sql(table_t)),
                 asio::detached);
  while (true) {
    const auto reading = co_await read_table(shop->observer.get(), shop->oid);
    if (value_of(reading).being_vacuumed) break;
    REQUIRE_FALSE(shop->result);
    co_await rest();
  }
}

}  // namespace

TEST_CASE("a_vacuum_is_counted_and_leaves_room_for_what_comes_next") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop);
    const auto before = co_await read_table(shop.observer.get(), shop.oid);
    const std::string total =
        co_await value_from(shop.observer.get(), "SELECT pg_total_relation_size('t')");
    CHECK(value_of(before).bytes == ByteCount{std::stoll(total)});
    CHECK_FALSE(value_of(before).being_vacuumed);
    CHECK(shop.maintenance->backend_pid() == 0);
    std::string sql = run::vacuum_sql(table_t);
    const Result<void> done = co_await shop.maintenance->run(std::move(sql), lock_timeout);
    value_of(done);
    co_await run_sql(shop.other.get(), "UPDATE t SET v = repeat('z', 200) WHERE id > 10000");
    const auto after = co_await read_table(shop.observer.get(), shop.oid);
    CHECK(value_of(after).vacuums == value_of(before).vacuums + 1);
    CHECK(value_of(after).bytes.value < value_of(before).bytes.value * 11 / 10);
  }());
}

TEST_CASE("a_lock_in_the_way_is_not_waited_for_as_long_as_an_autovacuum_would_suffer") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop);
    co_await run_sql(shop.other.get(), "BEGIN; LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE");
    std::string sql = run::vacuum_sql(table_t);
    const Result<void> refused =
        co_await shop.maintenance->run(std::move(sql), std::chrono::hours{1});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorClass::retry_batch);
    co_await run_sql(shop.other.get(), "COMMIT");
    std::string again = run::vacuum_analyze_sql(table_t);
    const Result<void> done = co_await shop.maintenance->run(std::move(again), lock_timeout);
    value_of(done);
    const std::string analyzed = co_await value_from(
        shop.observer.get(), "SELECT count(*) FROM pg_stats WHERE tablename = 't'");
    CHECK(analyzed == "2");
  }());
}

TEST_CASE("a_vacuum_lets_go_of_the_table_when_it_is_cancelled") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop);
    co_await start_slow_vacuum(&shop);
    CHECK(shop.maintenance->backend_pid() != 0);
    shop.maintenance->cancel();
    co_await run_sql(shop.other.get(), "ALTER TABLE t ADD COLUMN w int");
    while (!shop.result) co_await rest();
    CHECK_FALSE(*shop.result);
    CHECK(shop.maintenance->backend_pid() == 0);
  }());
}

TEST_CASE("stopped_it_ends_what_runs_and_begins_nothing_more") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop);
    co_await start_slow_vacuum(&shop);
    shop.maintenance->stop();
    while (!shop.result) co_await rest();
    CHECK_FALSE(*shop.result);
    std::string sql = run::analyze_sql(table_t);
    const Result<void> refused = co_await shop.maintenance->run(std::move(sql), lock_timeout);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("interrupted"));
  }());
}

TEST_CASE("who_holds_the_horizon_is_described") {
  run_coroutine([]() -> asio::awaitable<void> {
    Workshop shop;
    co_await open_workshop(&shop);
    co_await run_sql(shop.other.get(),
                     "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t");
    co_await run_sql(shop.observer.get(),
                     "DO $$ BEGIN FOR i IN 1..30 LOOP PERFORM pg_current_xact_id(); COMMIT; "
                     "END LOOP; END $$");
    const auto holder = co_await read_horizon_holder(shop.observer.get());
    REQUIRE(value_of(holder));
    CHECK(value_of(holder)->transactions >= 30);
    CHECK_THAT(value_of(holder)->description,
               Catch::StartsWith("session " + std::to_string(shop.other->backend_pid()) +
                                 " (user postgres, application "));
    CHECK_THAT(value_of(holder)->description,
               Catch::Contains("idle in transaction, its transaction "));
    std::string sql = run::vacuum_sql(table_t);
    const Result<void> done = co_await shop.maintenance->run(std::move(sql), lock_timeout);
    value_of(done);
    const auto dead = co_await read_dead_rows(shop.observer.get(), shop.oid);
    CHECK(value_of(dead).live >= 19000);
  }());
}
