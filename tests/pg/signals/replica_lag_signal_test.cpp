#include "signals/replica_lag_signal.hpp"

#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"
#include "signals/slot_wal_signal.hpp"

namespace backfill::test {

using Catch::Contains;

namespace {

/// Streams WAL into a directory and replays none of it.
class Receiver {
 public:
  Receiver()
      : directory_(make_server_directory()),
        process_(
            start_as_postgres({(postgres_bindir() / "pg_receivewal").string(), "-D",
                               directory_.string(), "-d", TestServer::instance().socket_conninfo()},
                              directory_ / "receiver.log")) {}
  ~Receiver() {
    end();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  void end() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    (void)wait_for_exit(process_);
    process_ = -1;
  }

 private:
  std::filesystem::path directory_;
  pid_t process_;
};

asio::awaitable<void> wait_for_receivers(pg::Connection* connection, std::string count) {
  for (int tries = 0; tries < 1000; ++tries) {
    const std::string found = co_await value_from(
        connection,
        "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND write_lsn IS NOT "
        "NULL");
    if (found == count) co_return;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  throw std::runtime_error("pg_receivewal did not come or go");
}

std::vector<std::string> names(const Reading& reading) {
  std::vector<std::string> all;
  for (const Signal& signal : reading.signals) all.push_back(signal.name);
  return all;
}

}  // namespace

TEST_CASE("a_receiver_of_wal_is_no_standby_and_may_come_and_go") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection =
        co_await database_with("DROP ROLE IF EXISTS sees_no_lag; CREATE ROLE sees_no_lag LOGIN");
    Receiver receiver;
    co_await wait_for_receivers(connection.get(), "1");
    ReplicaLagSignal lag{ReplicaLagSettings{}};
    const auto with = co_await lag.read(connection.get());
    CHECK(names(value_of(with)) == std::vector<std::string>{"replica_lag"});
    REQUIRE(value_of(with).notes.size() == 1);
    CHECK_THAT(value_of(with).notes.front(), Contains("no standby is connected"));

    const auto nobody = co_await connect_as(connection.get(), "sees_no_lag");
    ReplicaLagSignal blind{ReplicaLagSettings{}};
    const auto hidden = co_await blind.read(nobody.get());
    CHECK_THAT(error_of(hidden).hint, Contains("GRANT pg_monitor"));

    receiver.end();
    co_await wait_for_receivers(connection.get(), "0");
    const auto without = co_await lag.read(connection.get());
    CHECK(names(value_of(without)) == std::vector<std::string>{"replica_lag"});
  }());
}

TEST_CASE("a_slot_that_nobody_uses_is_named_with_what_it_keeps") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with("");
    co_await run_sql(connection.get(),
                     "SELECT pg_create_physical_replication_slot('left_behind', true)");
    ReplicaLagSignal lag{ReplicaLagSettings{}};
    const auto reading = co_await lag.read(connection.get());
    co_await run_sql(connection.get(), "SELECT pg_drop_replication_slot('left_behind')");
    REQUIRE(value_of(reading).notes.size() == 2);
    CHECK_THAT(value_of(reading).notes.front(), Contains("replication slot left_behind"));
    CHECK(names(value_of(reading)) == std::vector<std::string>{"replica_lag"});
  }());
}

TEST_CASE("what_a_slot_keeps_of_the_log_is_read_with_what_the_server_lets_it_keep") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with("");
    SlotWalSignal slots;
    ThrottleSettings settings;
    settings.slot_wal = ByteThrottle{ByteCount{1}, ByteCount{2}};
    slots.set(settings);
    const auto none = co_await slots.read(connection.get());
    CHECK(value_of(none).signals.at(0).value <= value_of(none).signals.at(0).slow);
    co_await run_sql(connection.get(), "ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'");
    co_await run_sql(connection.get(), "SELECT pg_reload_conf()");
    // A slot keeps from the last checkpoint on, which here may be more than it may keep.
    co_await run_sql(connection.get(), "CHECKPOINT");
    co_await run_sql(connection.get(), "SELECT pg_create_physical_replication_slot('kept', true)");
    co_await run_sql(connection.get(), "CREATE TABLE w AS SELECT 1 FROM generate_series(1, 1000)");
    const auto kept = co_await slots.read(connection.get());
    const std::string safe =
        co_await value_from(connection.get(), "SELECT safe_wal_size > 0 FROM pg_replication_slots");
    co_await run_sql(connection.get(), "SELECT pg_drop_replication_slot('kept')");
    co_await run_sql(connection.get(), "ALTER SYSTEM RESET max_slot_wal_keep_size");
    co_await run_sql(connection.get(), "SELECT pg_reload_conf()");
    const Signal signal = value_of(kept).signals.at(0);
    CHECK(safe == "t");
    CHECK(signal.value > signal.stop);
    CHECK_THAT(signal.text, Contains("replication slot kept keeps "));
  }());
}

}  // namespace backfill::test
