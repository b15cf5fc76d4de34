#include "run/slot_pool.hpp"

#include <functional>
#include <stdexcept>
#include <variant>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"

using namespace backfill;
using namespace backfill::test;
using run::SlotPool;

namespace {

/// What a pool has announced.
struct Heard {
  int up = 0;
  int down = 0;
  int given_up = 0;
  std::string sqlstate;  ///< of the last one that went down
};

void hear(Heard* heard, const Event& event) {
  if (std::holds_alternative<SlotUp>(event)) ++heard->up;
  const auto* down = std::get_if<SlotDown>(&event);
  if (down == nullptr) return;
  ++heard->down;
  heard->sqlstate = down->error.sqlstate;
  if (down->error.kind == ErrorClass::fatal) ++heard->given_up;
}

asio::awaitable<void> wait_until(std::function<bool()> holds) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (int tries = 0; tries < 6000; ++tries) {
    if (holds()) co_return;
    timer.expires_after(std::chrono::milliseconds{5});
    co_await timer.async_wait(asio::use_awaitable);
  }
  throw std::runtime_error("not within half a minute");
}

/// An outage lasts an instant, so that a pool which takes fullness for one gives up at once.
constexpr pg::LifeLimits hasty{.backoff_base = std::chrono::milliseconds{2},
                               .backoff_cap = std::chrono::milliseconds{5},
                               .outage_max = std::chrono::milliseconds{10}};

pg::ConnectOptions as_crowded(const std::string& database) {
  pg::ConnectOptions options;
  options.conninfo = TestServer::instance().conninfo(database);
  options.conninfo.replace(options.conninfo.find("postgres@"), 8, "crowded");
  return options;
}

const std::string role_with_one_place =
    "DROP ROLE IF EXISTS crowded; CREATE ROLE crowded LOGIN CONNECTION LIMIT 1";

}  // namespace

TEST_CASE("a_full_server_is_no_outage_while_one_seat_has_its_connection") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto admin = co_await database_with(role_with_one_place);
    const std::string database = co_await value_from(admin.get(), "SELECT current_database()");
    const auto executor = co_await asio::this_coro::executor;
    SlotPool pool(executor, as_crowded(database), 2, 1, hasty);
    Heard heard;
    pool.listen([&heard](const Event& event) { hear(&heard, event); });
    pool.start();
    // Far more tries than the limit of an outage leaves room for.
    const std::function<bool()> tried = [&heard] { return heard.down >= 30; };
    co_await wait_until(tried);
    CHECK(heard.up == 1);
    CHECK(heard.given_up == 0);
    CHECK(heard.sqlstate == "53300");
    co_await run_sql(admin.get(), "ALTER ROLE crowded CONNECTION LIMIT 2");
    const std::function<bool()> both = [&heard] { return heard.up == 2; };
    co_await wait_until(both);
    co_await pool.close();
  }());
}

TEST_CASE("a_full_server_that_gives_no_seat_a_connection_is_an_outage_that_ends") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto admin = co_await database_with(role_with_one_place);
    const std::string database = co_await value_from(admin.get(), "SELECT current_database()");
    const auto executor = co_await asio::this_coro::executor;
    const auto holder = co_await connect_as(admin.get(), "crowded");
    SlotPool pool(executor, as_crowded(database), 2, 1, hasty);
    Heard heard;
    pool.listen([&heard](const Event& event) { hear(&heard, event); });
    pool.start();
    const std::function<bool()> gave_up = [&heard] { return heard.given_up == 2; };
    co_await wait_until(gave_up);
    CHECK(heard.up == 0);
    co_await pool.close();
  }());
}
