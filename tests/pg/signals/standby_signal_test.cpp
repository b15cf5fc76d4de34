#include "signals/standby_signal.hpp"

#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "pg/clock.hpp"
#include "signals/replica_lag_signal.hpp"
#include "support/cold_standby.hpp"
#include "support/connected.hpp"

namespace backfill::test {

using Catch::Contains;

namespace {

asio::awaitable<std::unique_ptr<pg::Connection>> connect_to_standby(int port) {
  const auto executor = co_await asio::this_coro::executor;
  pg::ConnectOptions options;
  options.conninfo = fmt::format("postgresql://postgres@127.0.0.1:{}/postgres", port);
  options.read_write = false;
  for (int tries = 0; tries < 500; ++tries) {
    pg::ConnectOptions again = options;
    auto made = co_await pg::Connection::connect(executor, std::move(again));
    if (made) co_return *std::move(made);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  throw std::runtime_error("the standby does not start");
}

ThrottleSettings limits_of(Duration slow, Duration stop) {
  ThrottleSettings settings;
  settings.replica_lag.slow = std::chrono::duration_cast<std::chrono::milliseconds>(slow);
  settings.replica_lag.stop = std::chrono::duration_cast<std::chrono::milliseconds>(stop);
  return settings;
}

}  // namespace

TEST_CASE("a_standby_that_receives_nothing_lags_from_when_the_primary_writes") {
  TestServer& server = TestServer::instance();
  const ColdStandby cold(server);
  run_coroutine([](TestServer& primary, int port) -> asio::awaitable<void> {
    const auto connection = co_await connect_to(primary.conninfo());
    const auto standby = co_await connect_to_standby(port);
    ReplicaLagSignal lag{ReplicaLagSettings{}};
    StandbySignal signal("standby2:5432", lag.primary());
    // Far below what a reading takes: the second one stops.
    signal.set(limits_of(std::chrono::milliseconds{1}, std::chrono::milliseconds{2}));
    const auto unread = co_await signal.read(standby.get());
    CHECK_THAT(error_of(unread).message, Contains("has not been read yet"));
    const auto first = co_await lag.read(connection.get());
    (void)value_of(first);
    const auto written = co_await connection->script("CREATE TABLE more (n int)", limit);
    value_of(written);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    const auto second = co_await lag.read(connection.get());
    (void)value_of(second);
    const auto reading = co_await signal.read(standby.get());
    const Signal& seen = value_of(reading).signals.at(0);
    CHECK(seen.name == "replica_lag:standby2:5432");
    CHECK(seen.value > seen.stop);
    CHECK_THAT(seen.text, Contains("lag of standby2:5432 "));
    CHECK_THAT(seen.text, !Contains("paused"));
    const auto paused = co_await standby->script("SELECT pg_wal_replay_pause()", limit);
    value_of(paused);
    const auto held = co_await signal.read(standby.get());
    CHECK_THAT(value_of(held).signals.at(0).text, Contains("; its replay is paused"));
  }(server, cold.port()));
}

TEST_CASE("a_server_that_is_no_standby_of_the_primary_is_an_error") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().conninfo());
    ReplicaLagSignal lag{ReplicaLagSettings{}};
    const auto read = co_await lag.read(connection.get());
    (void)value_of(read);
    CHECK_FALSE(lag.primary()->system_identifier.empty());
    StandbySignal signal("standby2:5432", lag.primary());
    const auto promoted = co_await signal.read(connection.get());
    CHECK_THAT(error_of(promoted).message, Contains("standby2:5432 is no standby"));
  }());
}

TEST_CASE("a_standby_of_another_cluster_is_an_error") {
  TestServer& server = TestServer::instance();
  const ColdStandby cold(server);
  run_coroutine([](int port) -> asio::awaitable<void> {
    const auto standby = co_await connect_to_standby(port);
    const auto other = std::make_shared<PrimaryWal>();
    other->system_identifier = "7000000000000000000";
    StandbySignal signal("standby2:5432", other);
    const auto strange = co_await signal.read(standby.get());
    CHECK_THAT(error_of(strange).message, Contains("a standby of another cluster"));
  }(cold.port()));
}

}  // namespace backfill::test
