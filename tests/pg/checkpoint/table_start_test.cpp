#include "checkpoint/table_start.hpp"

#include <catch2/catch.hpp>

#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {

namespace {

/// A partitioned table with an index and TOAST.
const std::string table_sql =
    "CREATE TABLE t (id int PRIMARY KEY, a text) PARTITION BY RANGE (id);"
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (100);"
    "CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (100) TO (10000);"
    "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 5000) AS g;";

const std::string size_sql = "SELECT pg_total_relation_size('t_1') + pg_total_relation_size('t_2')";

asio::awaitable<TableToStart> table_of(pg::Connection* connection, const Held* held) {
  TableToStart table;
  table.job = held->job;
  table.epoch = held->fence.epoch;
  const std::string oid = co_await scalar(connection, "SELECT 't'::regclass::oid");
  table.table = static_cast<std::uint32_t>(std::stoul(oid));
  table.rows = 5000;
  co_return table;
}

}  // namespace

TEST_CASE("the_size_at_the_first_start_is_kept_once_the_job_has_begun") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const Held held = co_await make_held_job(connection.get());
    co_await execute(connection.get(), table_sql);
    const TableToStart table = co_await table_of(connection.get(), &held);
    const std::string size = co_await scalar(connection.get(), size_sql);
    const auto first = co_await table_start(connection.get(), table);
    CHECK(value_of(first).bytes == ByteCount{std::stoll(size)});
    CHECK(value_of(first).rows == RowCount{5000});

    // Without checkpoints the job begins anew, on whatever is there by then.
    co_await execute(connection.get(),
                     "INSERT INTO t SELECT g, 'x' FROM generate_series(5001, 9000) AS g");
    const std::string larger = co_await scalar(connection.get(), size_sql);
    const auto anew = co_await table_start(connection.get(), table);
    CHECK(value_of(anew).bytes == ByteCount{std::stoll(larger)});

    const auto opened = co_await open(connection.get(), held.fence, 1);
    REQUIRE_FALSE(opened);
    co_await execute(connection.get(), "UPDATE t SET a = 'y'");
    const std::string grown = co_await scalar(connection.get(), size_sql);
    REQUIRE(std::stoll(grown) > std::stoll(larger));
    const auto resumed = co_await table_start(connection.get(), table);
    CHECK(value_of(resumed).bytes == ByteCount{std::stoll(larger)});
  }());
}

TEST_CASE("a_runner_that_has_lost_its_lease_learns_no_size") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const Held held = co_await make_held_job(connection.get());
    co_await execute(connection.get(), table_sql);
    TableToStart table = co_await table_of(connection.get(), &held);
    table.epoch = table.epoch + Epoch{1};
    const auto lost = co_await table_start(connection.get(), table);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().kind == ErrorClass::lease_lost);
    const std::string kept =
        co_await scalar(connection.get(), "SELECT count(*) FROM backfill.table_starts");
    CHECK(kept == "0");
  }());
}

}  // namespace backfill::test
