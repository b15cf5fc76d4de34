#include <catch2/catch.hpp>

#include "support/connected.hpp"
#include "support/cut_proxy.hpp"

namespace backfill::test {

using pg::Statement;

namespace {

/// Every cut in steps of so many bytes: a prime, so that over the length of the exchange the cuts
/// fall inside as well as between the messages.
constexpr std::size_t step = 13;

std::vector<Statement> transaction(int id) {
  std::vector<Statement> statements(4);
  statements[0].sql = "BEGIN";
  statements[1].sql = "INSERT INTO done VALUES ($1::int)";
  statements[1].params.emplace_back(std::to_string(id));
  statements[1].prepared = true;
  statements[1].flush_after = true;
  statements[2].sql = "SELECT count(*) FROM done WHERE id = $1::int";
  statements[2].params.emplace_back(std::to_string(id));
  statements[3].sql = "COMMIT";
  return statements;
}

/// Whether the row is there once no other session can still commit it.
asio::awaitable<bool> is_committed(pg::Connection* observer, int id) {
  const std::vector<pg::Param> none;
  const std::vector<pg::Param> params{std::to_string(id)};
  for (;;) {
    const auto others = co_await observer->query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        none, limit);
    if (value_of(others).values[0][0] == "0") break;
  }
  const auto rows =
      co_await observer->query("SELECT 1 FROM done WHERE id = $1::int", params, limit);
  co_return !value_of(rows).values.empty();
}

struct Tally {
  int succeeded = 0;
  int definite = 0;
  int ambiguous = 0;
  int ambiguous_committed = 0;
};

/// One transaction through a proxy that cuts after so many bytes; the row tells what became of it.
asio::awaitable<void> cut_once(pg::Connection* observer, std::string database,
                               CutProxy::Towards direction, std::size_t bytes, int id,
                               Tally* tally) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  CutProxy proxy(executor, TestServer::instance().port());
  auto connection = co_await connect_to(proxy.conninfo(database));
  proxy.cut_after(direction, bytes);
  const auto outcome = co_await connection->pipeline(transaction(id), limit);
  const bool usable = connection->usable();
  connection.reset();
  const bool committed = co_await is_committed(observer, id);
  INFO("cut after " << bytes << " bytes");
  if (!outcome.error) {
    ++tally->succeeded;
    CHECK(committed);
    CHECK(outcome.results.size() == 4);
  } else if (outcome.error->kind == ErrorClass::ambiguous) {
    ++tally->ambiguous;
    tally->ambiguous_committed += committed ? 1 : 0;
    CHECK_FALSE(usable);
  } else {
    ++tally->definite;
    CHECK(outcome.error->kind == ErrorClass::reconnect);
    CHECK_FALSE(committed);
  }
}

/// The bytes of an undisturbed exchange.
asio::awaitable<std::size_t> length_of(std::string database, CutProxy::Towards direction) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  CutProxy proxy(executor, TestServer::instance().port());
  const auto connection = co_await connect_to(proxy.conninfo(database));
  proxy.reset_count();
  const int warm_up = -1;
  const auto outcome = co_await connection->pipeline(transaction(warm_up), limit);
  if (outcome.error) throw std::runtime_error(outcome.error->message);
  const auto emptied = co_await connection->script("TRUNCATE done", limit);
  value_of(emptied);
  co_return proxy.passed(direction);
}

Tally cut_everywhere(CutProxy::Towards direction) {
  const std::string database = TestServer::instance().with_database();
  Tally tally;
  run_coroutine([](std::string url, CutProxy::Towards towards,
                   Tally* sum) -> asio::awaitable<void> {
    const std::string name = url.substr(url.rfind('/') + 1);
    const auto observer = co_await connect_to(url);
    const auto created = co_await observer->script("CREATE TABLE done (id int PRIMARY KEY)", limit);
    value_of(created);
    const std::size_t length = co_await length_of(name, towards);
    int id = 0;
    for (std::size_t bytes = 0; bytes <= length + step; bytes += step) {
      co_await cut_once(observer.get(), name, towards, bytes, ++id, sum);
    }
  }(database, direction, &tally));
  return tally;
}

}  // namespace

TEST_CASE("a_pipeline_cut_anywhere_on_its_way_to_the_server_never_lies_and_never_hangs") {
  const Tally tally = cut_everywhere(CutProxy::Towards::server);
  CHECK(tally.ambiguous > 10);
  CHECK(tally.succeeded > 0);
}

TEST_CASE("a_pipeline_cut_anywhere_on_its_way_back_never_lies_and_never_hangs") {
  const Tally tally = cut_everywhere(CutProxy::Towards::client);
  // Both kinds of unknown COMMIT occur: that is why nobody may guess.
  CHECK(tally.ambiguous_committed > 0);
  CHECK(tally.ambiguous > 10);
  CHECK(tally.succeeded > 0);
}

TEST_CASE("a_network_that_falls_silent_ends_at_the_deadline_as_ambiguous") {
  run_coroutine([]() -> asio::awaitable<void> {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    CutProxy proxy(executor, TestServer::instance().port());
    const auto connection = co_await connect_to(proxy.conninfo("postgres"));
    proxy.freeze();
    std::vector<Statement> statements(1);
    statements[0].sql = "SELECT 1";
    const Duration soon = std::chrono::milliseconds{100};
    const auto outcome = co_await connection->pipeline(std::move(statements), soon);
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind == ErrorClass::ambiguous);
    CHECK_FALSE(connection->usable());
  }());
}

}  // namespace backfill::test
