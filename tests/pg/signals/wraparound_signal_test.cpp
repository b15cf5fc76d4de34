#include "signals/wraparound_signal.hpp"

#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"

namespace backfill::test {

using Catch::Contains;

namespace {

/// As many transactions as make the table old, by the least limit that there is.
const std::string age_the_table =
    "DO $$ BEGIN FOR i IN 1..100100 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$";

/// A vacuum of this table that autovacuum starts takes minutes: it rests after each page.
const std::string table_sql =
    "CREATE TABLE old (id int PRIMARY KEY, t text) WITH (autovacuum_enabled = off, "
    "autovacuum_freeze_max_age = 100000, autovacuum_vacuum_cost_delay = 100, "
    "autovacuum_vacuum_cost_limit = 1);"
    "INSERT INTO old SELECT g, repeat('x', 500) FROM generate_series(1, 20000) AS g;"
    "CREATE TABLE young (id int PRIMARY KEY);"
    "DROP ROLE IF EXISTS sees_no_vacuum; CREATE ROLE sees_no_vacuum LOGIN;";

asio::awaitable<Signal> reading_of(WraparoundSignal* signal, pg::Connection* connection) {
  const auto reading = co_await signal->read(connection);
  co_return value_of(reading).signals.at(0);
}

asio::awaitable<Signal> wait_for_vacuum(WraparoundSignal* signal, pg::Connection* connection) {
  for (int tries = 0; tries < 3000; ++tries) {
    const Signal seen = co_await reading_of(signal, connection);
    if (seen.value > 0) co_return seen;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  throw std::runtime_error("no vacuum to prevent wraparound has come");
}

asio::awaitable<std::uint32_t> oid_of(pg::Connection* connection, std::string table) {
  const std::string sql = "SELECT '" + table + "'::regclass::oid";
  const std::string oid = co_await value_from(connection, sql);
  co_return static_cast<std::uint32_t>(std::stoul(oid));
}

}  // namespace

TEST_CASE("a_vacuum_to_prevent_wraparound_slows_or_stops_and_every_role_sees_it") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_sql);
    co_await run_sql(connection.get(), "ALTER SYSTEM SET autovacuum_naptime = '1s'");
    co_await run_sql(connection.get(), "SELECT pg_reload_conf()");
    const std::uint32_t old = co_await oid_of(connection.get(), "old");
    const std::uint32_t another = co_await oid_of(connection.get(), "young");
    WraparoundSignal signal(old);
    WraparoundSignal of_young(another);
    const Signal before = co_await reading_of(&signal, connection.get());
    CHECK(before.value == 0);
    co_await run_sql(connection.get(), age_the_table);

    const Signal slowed = co_await wait_for_vacuum(&signal, connection.get());
    CHECK(slowed.name == "wraparound_vacuum");
    CHECK(slowed.value > slowed.slow);
    CHECK(slowed.value < slowed.stop);
    CHECK_THAT(slowed.text, Contains("autovacuum works on old to prevent wraparound (pid ") &&
                                Contains("the oldest transaction in it is 0.1 million back)"));
    const Signal young = co_await reading_of(&of_young, connection.get());
    CHECK(young.value == 0);

    ThrottleSettings settings;
    settings.wraparound_vacuum = WraparoundVacuum::stop;
    signal.set(settings);
    const Signal stopped = co_await reading_of(&signal, connection.get());
    CHECK(stopped.value == stopped.stop);

    // Without pg_monitor neither the query nor the progress of the worker is shown.
    const auto nobody = co_await connect_as(connection.get(), "sees_no_vacuum");
    const Signal seen = co_await reading_of(&signal, nobody.get());
    CHECK(seen.value == seen.stop);
    CHECK_THAT(seen.text, Contains("autovacuum works on old"));

    // Older than the server's last line of defence (from version 14 on): nothing else matters.
    if (connection->server_version() >= 140000) {
      settings.wraparound_vacuum = WraparoundVacuum::slow;
      signal.set(settings);
      co_await run_sql(connection.get(), "SET vacuum_failsafe_age = 1000");
      const Signal urgent = co_await reading_of(&signal, connection.get());
      CHECK(urgent.value == urgent.stop);
      co_await run_sql(connection.get(), "RESET vacuum_failsafe_age");
      const Signal calm = co_await reading_of(&signal, connection.get());
      CHECK(calm.value < calm.stop);
      co_await run_sql(connection.get(), "SET vacuum_multixact_failsafe_age = 0");
      const Signal multixacts = co_await reading_of(&signal, connection.get());
      CHECK(multixacts.value == multixacts.stop);
    }

    co_await run_sql(connection.get(), "ALTER SYSTEM RESET autovacuum_naptime");
    co_await run_sql(connection.get(), "SELECT pg_reload_conf()");
  }());
}

TEST_CASE("a_vacuum_that_somebody_runs_by_hand_changes_nothing") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_sql);
    const std::uint32_t young = co_await oid_of(connection.get(), "young");
    WraparoundSignal signal(young);
    const auto other = co_await connect_as(connection.get(), "postgres");
    // VACUUM's lock, held for as long as the test likes.
    co_await run_sql(other.get(), "BEGIN");
    co_await run_sql(other.get(), "LOCK TABLE young IN SHARE UPDATE EXCLUSIVE MODE");
    const Signal seen = co_await reading_of(&signal, connection.get());
    CHECK(seen.value == 0);
    co_await run_sql(other.get(), "ROLLBACK");
  }());
}

}  // namespace backfill::test
