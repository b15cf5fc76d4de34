#include <catch2/catch.hpp>

#include "support/connected.hpp"
#include "support/cut_proxy.hpp"

namespace backfill::test {

namespace {

using Towards = CutProxy::Towards;

/// A prime, so that over the length of an exchange the cuts fall inside as well as between the
/// messages.
constexpr std::size_t step = 11;
constexpr std::size_t never = 1'000'000;

asio::awaitable<Result<std::unique_ptr<pg::Connection>>> connect_through(const CutProxy* proxy) {
  pg::ConnectOptions options;
  options.conninfo = proxy->conninfo("postgres");
  options.timeout = std::chrono::seconds{20};
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  co_return co_await pg::Connection::connect(executor, std::move(options));
}

struct Tally {
  int connected = 0;
  int lost = 0;
};

/// Connects through proxies that cut after more and more bytes, until one lets everything through.
Tally connect_cut_everywhere(Towards direction) {
  Tally tally;
  run_coroutine([](Towards towards, Tally* sum) -> asio::awaitable<void> {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    CutProxy whole(executor, TestServer::instance().port());
    whole.cut_after(towards, never);
    const auto undisturbed = co_await connect_through(&whole);
    REQUIRE(undisturbed.has_value());
    const std::size_t length = whole.passed(towards);
    for (std::size_t bytes = 1; bytes <= length + step; bytes += step) {
      INFO("cut after " << bytes << " of " << length << " bytes");
      CutProxy proxy(executor, TestServer::instance().port());
      proxy.cut_after(towards, bytes);
      const auto made = co_await connect_through(&proxy);
      if (made) {
        ++sum->connected;
        CHECK(bytes >= length);
      } else {
        ++sum->lost;
        CHECK(made.error().kind == ErrorClass::reconnect);
        CHECK_FALSE(made.error().message.empty());
      }
    }
  }(direction, &tally));
  return tally;
}

/// What an exchange that is no transaction of ours tells when it is cut: the rows, or that nobody
/// knows, or that nothing was sent; never another answer.
template <class Exchange>
Tally exchange_cut_everywhere(Towards direction, Exchange exchange) {
  Tally tally;
  run_coroutine([](Towards towards, Exchange run, Tally* sum) -> asio::awaitable<void> {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::size_t length = never;
    for (std::size_t bytes = never; bytes == never || bytes <= length + step;) {
      INFO("cut after " << bytes << " bytes");
      CutProxy proxy(executor, TestServer::instance().port());
      const auto connection = co_await connect_to(proxy.conninfo("postgres"));
      proxy.cut_after(towards, bytes);
      const std::optional<Error> error = co_await run(connection.get());
      if (!error) {
        ++sum->connected;
      } else {
        ++sum->lost;
        CHECK((error->kind == ErrorClass::ambiguous || error->kind == ErrorClass::reconnect));
        CHECK_FALSE(connection->usable());
      }
      if (bytes == never) {
        REQUIRE_FALSE(error.has_value());
        length = proxy.passed(towards);
        bytes = 1;
      } else {
        bytes += step;
      }
    }
  }(direction, exchange, &tally));
  return tally;
}

asio::awaitable<std::optional<Error>> run_query(pg::Connection* connection) {
  std::vector<pg::Param> params{"7"};
  const auto rows = co_await connection->query(
      "SELECT $1::int + g FROM generate_series(1, 20) AS g", params, limit);
  if (!rows) co_return rows.error();
  CHECK(rows->values.size() == 20);
  CHECK(rows->values.back().front() == "27");
  co_return std::nullopt;
}

asio::awaitable<std::optional<Error>> run_script(pg::Connection* connection) {
  const auto done = co_await connection->script("SELECT 1; SELECT 2; SELECT 3", limit);
  if (!done) co_return done.error();
  co_return std::nullopt;
}

}  // namespace

TEST_CASE("a_connection_cut_anywhere_while_it_is_made_asks_for_another_try_and_never_hangs") {
  for (const Towards direction : {Towards::server, Towards::client}) {
    const Tally tally = connect_cut_everywhere(direction);
    CHECK(tally.lost > 5);
    CHECK(tally.connected > 0);
  }
}

TEST_CASE("a_query_cut_anywhere_gives_all_of_its_rows_or_an_error") {
  for (const Towards direction : {Towards::server, Towards::client}) {
    const Tally tally = exchange_cut_everywhere(direction, run_query);
    CHECK(tally.lost > 5);
    CHECK(tally.connected > 1);
  }
}

TEST_CASE("a_script_cut_anywhere_is_done_or_an_error") {
  for (const Towards direction : {Towards::server, Towards::client}) {
    const Tally tally = exchange_cut_everywhere(direction, run_script);
    CHECK(tally.lost > 2);
    CHECK(tally.connected > 1);
  }
}

}  // namespace backfill::test
