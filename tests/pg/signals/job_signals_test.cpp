#include <cstdio>
#include <string>

#include <catch2/catch.hpp>

#include "core/time_window.hpp"
#include "signals/archive_signal.hpp"
#include "signals/flag_file_signal.hpp"
#include "signals/query_signal.hpp"
#include "signals/wal_rate_signal.hpp"
#include "signals/window_signal.hpp"
#include "signals/xmin_signal.hpp"
#include "support/connected.hpp"
#include "support/run_coroutine.hpp"

namespace backfill::test {

namespace {

asio::awaitable<void> execute(pg::Connection* connection, std::string sql) {
  const auto done = co_await connection->script(std::move(sql), limit);
  value_of(done);
}

asio::awaitable<std::string> scalar(pg::Connection* connection, std::string sql) {
  std::vector<pg::Param> none;
  const auto rows = co_await connection->query(std::move(sql), std::move(none), limit);
  co_return value_of(rows).values.at(0).at(0).value_or("null");
}

XminSignal watched_xmin() {
  XminSignal signal;
  ThrottleSettings settings;
  settings.xmin_age = CountThrottle{10, 20};
  signal.set(settings);
  return signal;
}

/// After thirty transactions more the signal names the holder, with at least that age.
asio::awaitable<void> is_named_as_holder(pg::Connection* connection, pg::Connection* holder,
                                         XminSignal* signal) {
  co_await execute(connection,
                   "DO $$ BEGIN FOR i IN 1..30 LOOP PERFORM pg_current_xact_id(); COMMIT; "
                   "END LOOP; END $$");
  const auto held = co_await signal->read(connection);
  const Signal seen = value_of(held).signals.at(0);
  CHECK(seen.value >= 30);
  CHECK_THAT(seen.text, Catch::Contains("session " + std::to_string(holder->backend_pid())));
}

/// The second of the day that the server gives for a moment in a zone, as the window asks it.
asio::awaitable<std::int64_t> second_there(pg::Connection* connection, std::string moment,
                                           std::string zone) {
  std::string sql = "SELECT floor(extract(epoch FROM (timestamptz '" + moment + "' AT TIME ZONE '" +
                    zone + "')::time))::bigint::text";
  const std::string second = co_await scalar(connection, std::move(sql));
  co_return std::stoll(second);
}

}  // namespace

TEST_CASE("a_window_is_open_or_closed_by_the_servers_clock") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    WindowSignal signal;
    ThrottleSettings settings;
    CHECK_FALSE(signal.on());
    settings.window = TimeWindow{0, 24 * 60, "Asia/Kathmandu"};
    signal.set(settings);
    CHECK(signal.on());
    const auto open = co_await signal.read(connection.get());
    CHECK(value_of(open).signals.at(0).value == 0);
    const std::int64_t now = co_await second_there(connection.get(), "now", "Asia/Kathmandu");
    // Closed for hours on either side of now.
    const int minute = static_cast<int>((now / 60 + 8 * 60) % (24 * 60));
    settings.window = TimeWindow{minute, (minute + 60) % (24 * 60), "Asia/Kathmandu"};
    signal.set(settings);
    const auto closed = co_await signal.read(connection.get());
    CHECK(value_of(closed).signals.at(0).value >= value_of(closed).signals.at(0).stop);
    CHECK_THAT(value_of(closed).signals.at(0).text, Catch::Contains("outside of the window"));
    settings.window->zone = "Europe/Atlantis";
    signal.set(settings);
    const auto unknown = co_await signal.read(connection.get());
    CHECK_THAT(error_of(unknown).message, Catch::Contains("Europe/Atlantis"));
  }());
}

TEST_CASE("a_window_follows_the_wall_clock_when_it_is_set_forward_and_back") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const TimeWindow half_past_one{90, 150, "Europe/London"};
    // 31 March 2024: at 01:00 the clocks in London go to 02:00, so 01:30 never comes.
    const auto before =
        co_await second_there(connection.get(), "2024-03-31 00:59:59+00", "Europe/London");
    const auto after =
        co_await second_there(connection.get(), "2024-03-31 01:00:00+00", "Europe/London");
    const auto later =
        co_await second_there(connection.get(), "2024-03-31 01:30:00+00", "Europe/London");
    CHECK_FALSE(is_open(half_past_one, before));
    CHECK(is_open(half_past_one, after));
    CHECK_FALSE(is_open(half_past_one, later));
    // 27 October 2024: at 02:00 they go back to 01:00, so 01:30 comes twice.
    const auto first =
        co_await second_there(connection.get(), "2024-10-27 00:30:00+00", "Europe/London");
    const auto between =
        co_await second_there(connection.get(), "2024-10-27 01:00:00+00", "Europe/London");
    const auto second =
        co_await second_there(connection.get(), "2024-10-27 01:30:00+00", "Europe/London");
    CHECK(is_open(half_past_one, first));
    CHECK_FALSE(is_open(half_past_one, between));
    CHECK(is_open(half_past_one, second));
  }());
}

TEST_CASE("a_flag_file_is_seen_and_one_that_cannot_be_looked_for_is_an_error") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string path = std::string(std::tmpnam(nullptr)) + ".flag";
    FlagFileSignal signal;
    ThrottleSettings settings;
    settings.flag_file = path;
    signal.set(settings);
    const auto absent = co_await signal.read(nullptr);
    CHECK(value_of(absent).signals.at(0).value == 0);
    std::fclose(std::fopen(path.c_str(), "w"));
    const auto there = co_await signal.read(nullptr);
    std::remove(path.c_str());
    CHECK(value_of(there).signals.at(0).value >= value_of(there).signals.at(0).stop);
    settings.flag_file = "/" + std::string(300, 'x');
    signal.set(settings);
    const auto unknown = co_await signal.read(nullptr);
    CHECK_THAT(error_of(unknown).message, Catch::Contains("cannot be told"));
    settings.flag_file = path + ".missing/flag";
    signal.set(settings);
    const auto no_folder = co_await signal.read(nullptr);
    CHECK_THAT(error_of(no_folder).message, Catch::Contains("cannot be told"));
  }());
}

TEST_CASE("the_logs_rate_is_heard_from_the_second_reading_on") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    WalRateSignal signal;
    ThrottleSettings settings;
    settings.wal_rate = ByteRateThrottle{ByteCount{1024}, ByteCount{2048}};
    signal.set(settings);
    const auto first = co_await signal.read(connection.get());
    CHECK(value_of(first).signals.empty());
    co_await execute(connection.get(),
                     "CREATE TABLE w AS SELECT repeat('x', 100) FROM generate_series(1, 50000)");
    const auto second = co_await signal.read(connection.get());
    REQUIRE(value_of(second).signals.size() == 1);
    CHECK(value_of(second).signals[0].value > value_of(second).signals[0].stop);
  }());
}

TEST_CASE("the_archive_is_read_with_pg_monitor_alone_and_says_so") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    ArchiveSignal signal;
    ThrottleSettings settings;
    settings.archive_backlog = CountThrottle{1, 2};
    signal.set(settings);
    const auto none = co_await signal.read(connection.get());
    CHECK(value_of(none).signals.at(0).value == 0);
    co_await execute(connection.get(),
                     "DROP ROLE IF EXISTS no_monitor; CREATE ROLE no_monitor; SET ROLE no_monitor");
    const auto refused = co_await signal.read(connection.get());
    CHECK_THAT(error_of(refused).hint, Catch::Contains("pg_monitor"));
  }());
}

TEST_CASE("the_oldest_snapshot_of_others_is_named_with_its_age") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto connection = co_await connect_to(database);
    const auto holder = co_await connect_to(database);
    XminSignal signal = watched_xmin();
    co_await execute(holder.get(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    co_await is_named_as_holder(connection.get(), holder.get(), &signal);
    co_await execute(holder.get(), "COMMIT");
    const auto freed = co_await signal.read(connection.get());
    CHECK(value_of(freed).signals.at(0).value < 30);
  }());
}

TEST_CASE("a_writer_that_sits_between_two_statements_holds_vacuum_back_without_a_snapshot") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto connection = co_await connect_to(database);
    co_await execute(connection.get(), "CREATE TABLE written AS SELECT 1 AS n");
    const auto holder = co_await connect_to(database);
    XminSignal signal = watched_xmin();
    co_await execute(holder.get(), "BEGIN; UPDATE written SET n = 2");
    co_await is_named_as_holder(connection.get(), holder.get(), &signal);
    co_await execute(holder.get(), "ROLLBACK");
  }());
}

TEST_CASE("a_query_of_the_operators_gives_one_row_with_one_number_or_counts_as_unread") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto connection = co_await connect_to(database);
    QuerySignal signal;
    ThrottleSettings settings;
    const auto read = [&](std::string sql) -> asio::awaitable<Result<Reading>> {
      settings.query = QueryThrottle{std::move(sql), 10, 20};
      signal.set(settings);
      co_return co_await signal.read(connection.get());
    };
    const std::vector<std::string> senseless{
        "SELECT n FROM (VALUES (1), (99)) AS two(n)",
        "SELECT 1 WHERE false",
        "SELECT NULL",
        "SELECT 'many'",
        "SELECT 'NaN'::float8",
        "SELECT '-Infinity'::float8",
        "SELECT 1/0",
        "DELETE FROM pg_catalog.pg_class",
    };
    for (const std::string& sql : senseless) {
      INFO(sql);
      const auto refused = co_await read(sql);
      CHECK_FALSE(refused.has_value());
    }
    const auto beyond = co_await read("SELECT 'Infinity'::float8");
    CHECK(value_of(beyond).signals.at(0).value > 20);
    const auto number = co_await read("SELECT 12.5");
    CHECK(value_of(number).signals.at(0).value == 12.5);
  }());
}

}  // namespace backfill::test
