#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {

namespace {

/// What a batch of range 1 told, and what its range counts afterwards.
struct Counted {
  std::int64_t tag = 0;
  std::optional<RowCount> recorded;
  std::int64_t rows_changed = 0;
  bool uncounted = false;
};

asio::awaitable<Counted> count_of(pg::Connection* connection, Fence fence, Batch batch,
                                  std::string sql) {
  auto statements = co_await batch_with(connection, fence, std::move(batch), std::move(sql));
  const auto outcome = co_await connection->pipeline(std::move(statements), limit);
  REQUIRE_FALSE(outcome.error.has_value());
  Counted counted;
  counted.tag = outcome.results[change_position].rows.affected;
  counted.recorded = read_recorded(outcome.results);
  const SweepId sweep = fence.sweep;
  const auto ranges = co_await load_ranges(connection, sweep);
  counted.rows_changed = value_of(ranges).front().rows_changed;
  counted.uncounted = value_of(ranges).front().uncounted;
  co_return counted;
}

/// A batch in a database with `tables`, among them t.
Counted counted_with(std::string tables, std::string change) {
  Counted counted;
  run_coroutine([&]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    co_await execute(connection.get(), tables);
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const Batch batch = batch_of(1, std::nullopt, "5");
    counted = co_await count_of(connection.get(), held.fence, batch, change);
  }());
  return counted;
}

void check_exact(const Counted& counted, std::int64_t rows) {
  CHECK(counted.tag == rows);
  CHECK(counted.recorded == RowCount{rows});
  CHECK(counted.rows_changed == rows);
  CHECK_FALSE(counted.uncounted);
}

}  // namespace

TEST_CASE("a_batch_counts_its_rows_in_its_own_transaction_whatever_was_written_before_and_after") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    co_await execute(connection.get(),
                     "CREATE TABLE t (id int PRIMARY KEY, n int); "
                     "INSERT INTO t SELECT g, 0 FROM generate_series(1, 9) g; "
                     "UPDATE t SET n = 7");
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const Batch one = batch_of(1, std::nullopt, "5");
    const auto first = co_await count_of(connection.get(), held.fence, one,
                                         "UPDATE t SET n = 1 WHERE id <= 5 AND id <> 3");
    check_exact(first, 4);
    co_await execute(connection.get(), "UPDATE t SET n = 2; DELETE FROM t WHERE id = 1");
    const Batch two = batch_of(1, "5", "9");
    const auto second = co_await count_of(connection.get(), held.fence, two,
                                          "UPDATE t SET n = 1 WHERE id BETWEEN 6 AND 9");
    CHECK(second.recorded == RowCount{4});
    CHECK(second.rows_changed == 8);
    const Batch three = batch_of(1, "9", "12");
    const auto none =
        co_await count_of(connection.get(), held.fence, three, "UPDATE t SET n = 1 WHERE id > 9");
    CHECK(none.recorded == RowCount{0});
    CHECK(none.rows_changed == 8);
    CHECK_FALSE(none.uncounted);
  }());
}

TEST_CASE("rows_of_partitions_count_also_those_that_move_between_them") {
  const Counted counted = counted_with(
      "CREATE TABLE t (id int, part int, PRIMARY KEY (id, part)) PARTITION BY LIST (part); "
      "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1); "
      "CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2) PARTITION BY RANGE (id); "
      "CREATE TABLE t_2_a PARTITION OF t_2 FOR VALUES FROM (0) TO (100); "
      "INSERT INTO t SELECT g, 1 + g % 2 FROM generate_series(1, 5) g",
      "UPDATE t SET part = 2 WHERE id <= 5");
  check_exact(counted, 5);
}

TEST_CASE("rows_of_children_count") {
  const Counted counted = counted_with(
      "CREATE TABLE t (id int, n int); CREATE TABLE child () INHERITS (t); "
      "CREATE TABLE grandchild () INHERITS (child); "
      "INSERT INTO t VALUES (1, 0); INSERT INTO child VALUES (2, 0); "
      "INSERT INTO grandchild VALUES (3, 0)",
      "UPDATE t SET n = 1 WHERE id <= 5");
  check_exact(counted, 3);
}

TEST_CASE("deleted_rows_count") {
  const Counted counted =
      counted_with("CREATE TABLE t (id int); INSERT INTO t SELECT g FROM generate_series(1, 5) g",
                   "DELETE FROM t WHERE id <= 3");
  check_exact(counted, 3);
}

TEST_CASE("what_a_trigger_writes_into_the_same_table_shows_as_a_difference_to_the_command_tag") {
  const Counted counted = counted_with(
      "CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
      "INSERT INTO t SELECT g FROM generate_series(1, 9) g; "
      "CREATE FUNCTION also_nine() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN "
      "UPDATE t SET n = n + 1 WHERE id = 9; RETURN NULL; END $f$; "
      "CREATE TRIGGER also_nine AFTER UPDATE ON t FOR EACH ROW WHEN (NEW.id <= 5) "
      "EXECUTE FUNCTION also_nine()",
      "UPDATE t SET n = 1 WHERE id <= 5");
  CHECK(counted.tag == 5);
  CHECK(counted.recorded == RowCount{10});
}

TEST_CASE("without_statistics_a_batch_leaves_its_count_to_its_runner") {
  const Counted counted = counted_with(
      "SET track_counts = off; CREATE TABLE t (id int); "
      "INSERT INTO t SELECT g FROM generate_series(1, 5) g",
      "UPDATE t SET id = id WHERE id <= 4");
  CHECK(counted.tag == 4);
  CHECK_FALSE(counted.recorded.has_value());
  CHECK(counted.uncounted);
  CHECK(counted.rows_changed == 0);
}

TEST_CASE("a_settled_range_tells_the_rows_of_its_last_batch") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    co_await execute(connection.get(), "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)");
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto ran = co_await run_batch(connection.get(), held.fence,
                                        batch_of(1, std::nullopt, "5"), "UPDATE t SET id = id");
    CHECK_FALSE(ran.has_value());
    SettleRange settle;
    settle.range = RangeId{1};
    auto statements = settle_range_statements(held.fence, {}, settle);
    const auto settled = co_await connection->pipeline(std::move(statements), limit);
    REQUIRE_FALSE(settled.error.has_value());
    const SettledRange range = read_settled(settled.results[settle_position].rows);
    CHECK(range.last_rows == RowCount{2});
    CHECK_FALSE(range.uncounted);
  }());
}

}  // namespace backfill::test
