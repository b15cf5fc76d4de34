#include "catalog/key_position.hpp"

#include <catch2/catch.hpp>

#include "pg/catalog/table_fixture.hpp"

namespace backfill::test {
namespace {

asio::awaitable<std::optional<double>> position_of(pg::Connection* connection, std::string table,
                                                   KeyValue value) {
  const Target target = co_await target_of(connection, std::move(table));
  const auto position = co_await key_position(connection, target, std::move(value));
  co_return value_of(position);
}

}  // namespace

TEST_CASE("a_position_is_its_place_among_the_rows_and_not_among_the_values") {
  run_coroutine([]() -> asio::awaitable<void> {
    // Half of the rows lie below 1000, half above a million.
    const auto connection = co_await database_with(
        "CREATE TABLE gaps (id bigint PRIMARY KEY);"
        "INSERT INTO gaps SELECT g FROM generate_series(1, 1000) AS g "
        "UNION ALL SELECT 1000000 + g FROM generate_series(1, 1000) AS g; ANALYZE gaps;");
    const KeyValue before{"0"};
    const auto first = co_await position_of(connection.get(), "gaps", before);
    CHECK(first == 0.0);
    const KeyValue middle{"5000"};
    const auto half = co_await position_of(connection.get(), "gaps", middle);
    REQUIRE(half.has_value());
    CHECK(*half == Approx(0.5).margin(0.011));
    const KeyValue quarter{"500"};
    const auto fourth = co_await position_of(connection.get(), "gaps", quarter);
    REQUIRE(fourth.has_value());
    CHECK(*fourth == Approx(0.25).margin(0.011));
    const KeyValue beyond{"99999999"};
    const auto last = co_await position_of(connection.get(), "gaps", beyond);
    CHECK(last == 1.0);
  }());
}

TEST_CASE("an_integer_key_never_analysed_is_placed_between_its_ends") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE fresh (id int PRIMARY KEY) WITH (autovacuum_enabled = off);"
        "INSERT INTO fresh SELECT g FROM generate_series(-100, 100) AS g;");
    const KeyValue value{"50"};
    const auto position = co_await position_of(connection.get(), "fresh", value);
    REQUIRE(position.has_value());
    CHECK(*position == Approx(0.75));
  }());
}

TEST_CASE("a_position_is_unknown_when_nothing_is_known_of_the_key") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE words (id text PRIMARY KEY) WITH (autovacuum_enabled = off);"
        "INSERT INTO words SELECT md5(g::text) FROM generate_series(1, 100) AS g;"
        "CREATE TABLE nothing (id int PRIMARY KEY);");
    const KeyValue word{"abc"};
    const auto unknown = co_await position_of(connection.get(), "words", word);
    CHECK_FALSE(unknown.has_value());
    const KeyValue one{"1"};
    const auto empty = co_await position_of(connection.get(), "nothing", one);
    CHECK_FALSE(empty.has_value());
  }());
}

TEST_CASE("every_type_and_collation_is_compared_as_its_column_is") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE uuids (id uuid PRIMARY KEY);"
        "INSERT INTO uuids SELECT md5(g::text)::uuid FROM generate_series(1, 2000) AS g;"
        "CREATE TABLE names (id varchar(20) COLLATE \"und-x-icu\" PRIMARY KEY);"
        "INSERT INTO names SELECT chr(97 + g % 26) || g FROM generate_series(1, 2600) AS g;"
        "CREATE TYPE level AS ENUM ('low', 'middle', 'high');"
        "CREATE TABLE pairs (\"Größe\" level, n int, PRIMARY KEY (\"Größe\", n));"
        "INSERT INTO pairs SELECT 'low', g FROM generate_series(1, 100) AS g;"
        "CREATE TABLE times (id timestamptz PRIMARY KEY);"
        "INSERT INTO times SELECT '2020-01-01'::timestamptz + g * interval '1 hour' "
        "FROM generate_series(0, 999) AS g; ANALYZE;");
    const KeyValue uuid{"80000000-0000-0000-0000-000000000000"};
    const auto by_uuid = co_await position_of(connection.get(), "uuids", uuid);
    REQUIRE(by_uuid.has_value());
    CHECK(*by_uuid == Approx(0.5).margin(0.05));
    // In the C order, which is the database's, a capital would stand before all of them.
    const KeyValue name{"N"};
    const auto by_name = co_await position_of(connection.get(), "names", name);
    REQUIRE(by_name.has_value());
    CHECK(*by_name == Approx(0.5).margin(0.02));
    const KeyValue time{"2020-01-11 00:00:00+00"};
    const auto by_time = co_await position_of(connection.get(), "times", time);
    REQUIRE(by_time.has_value());
    CHECK(*by_time == Approx(0.24).margin(0.02));
    // One distinct value in the first column: no histogram.
    const KeyValue pair{"low", "50"};
    const auto by_pair = co_await position_of(connection.get(), "pairs", pair);
    CHECK_FALSE(by_pair.has_value());
  }());
}

TEST_CASE("a_partitioned_table_is_placed_by_the_statistics_of_the_whole") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (500);"
        "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (500) TO (1000);"
        "INSERT INTO parts SELECT g FROM generate_series(0, 999) AS g; ANALYZE parts;");
    const KeyValue value{"250"};
    const auto position = co_await position_of(connection.get(), "parts", value);
    REQUIRE(position.has_value());
    CHECK(*position == Approx(0.25).margin(0.02));
  }());
}

}  // namespace backfill::test
