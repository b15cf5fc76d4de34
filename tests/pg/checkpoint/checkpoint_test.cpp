#include <catch2/catch.hpp>

#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {

TEST_CASE("batch_and_checkpoint_commit_together_or_not_at_all") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    co_await execute(connection.get(),
                     "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); "
                     "INSERT INTO t SELECT g, 0 FROM generate_series(1, 9) g");
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto failed =
        co_await run_batch(connection.get(), held.fence, batch_of(1, std::nullopt, "5"),
                           "UPDATE t SET n = NULL WHERE id <= 5");
    REQUIRE(failed.has_value());
    CHECK(failed->sqlstate == "23502");
    SweepId sweep = held.fence.sweep;
    const auto before = co_await load_ranges(connection.get(), sweep);
    CHECK_FALSE(value_of(before).front().known.cursor.has_value());
    const auto ran =
        co_await run_batch(connection.get(), held.fence, batch_of(1, std::nullopt, "5"),
                           "UPDATE t SET n = n + 1 WHERE id <= 5");
    CHECK_FALSE(ran.has_value());
    const auto after = co_await load_ranges(connection.get(), sweep);
    const StoredRange& range = value_of(after).front();
    CHECK(range.known.cursor == KeyValue{"5"});
    CHECK(range.known.keys_done == RowCount{5});
    CHECK_FALSE(range.uncounted);
    CHECK(range.rows_changed == 5);
    CHECK(range.batches == 1);
  }());
}

TEST_CASE("a_stale_epoch_cannot_commit") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto old = co_await make_held_job(connection.get());
    co_await execute(connection.get(),
                     "CREATE TABLE t (id int PRIMARY KEY, n int); "
                     "INSERT INTO t VALUES (1, 0)");
    const auto opened = co_await open(connection.get(), old.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto released = co_await release_lease(connection.get(), old.lease);
    value_of(released);
    RunnerIdentity other = identify_runner();
    const auto outcome = co_await take(connection.get(), old.job, std::move(other));
    REQUIRE(std::holds_alternative<Lease>(outcome));
    CHECK(std::get<Lease>(outcome).epoch > old.fence.epoch);

    const auto batch = co_await run_batch(connection.get(), old.fence,
                                          batch_of(1, std::nullopt, "5"), "UPDATE t SET n = 1");
    REQUIRE(batch.has_value());
    CHECK(batch->sqlstate == "BF001");
    CHECK(batch->kind == ErrorClass::lease_lost);
    const auto range = co_await open(connection.get(), old.fence, 2);
    REQUIRE(range.has_value());
    CHECK(range->kind == ErrorClass::lease_lost);
    const auto beat = co_await heartbeat(connection.get(), old.lease, std::nullopt);
    CHECK(error_of(beat).kind == ErrorClass::lease_lost);
    const auto state = co_await set_job_state(connection.get(), old.job, old.fence.epoch,
                                              JobState::stopped, std::nullopt);
    CHECK(error_of(state).kind == ErrorClass::lease_lost);
    const auto phase = co_await start_phase(connection.get(), old.fence);
    CHECK(error_of(phase).kind == ErrorClass::lease_lost);
    const auto done = co_await finish_job(connection.get(), old.job, old.fence.epoch);
    CHECK(error_of(done).kind == ErrorClass::lease_lost);
    const auto n = co_await scalar(connection.get(), "SELECT n FROM t");
    CHECK(n == "0");
  }());
}

TEST_CASE("a_checkpoint_that_expects_another_cursor_says_both") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto first =
        co_await run_batch(connection.get(), held.fence, batch_of(1, std::nullopt, "5"));
    CHECK_FALSE(first.has_value());
    const auto twice =
        co_await run_batch(connection.get(), held.fence, batch_of(1, std::nullopt, "5"));
    REQUIRE(twice.has_value());
    CHECK(twice->sqlstate == "BF002");
    CHECK_THAT(twice->message, Catch::Contains("stands at {5}, not at its beginning"));
    const auto beyond = co_await run_batch(connection.get(), held.fence, batch_of(1, "7", "9"));
    REQUIRE(beyond.has_value());
    CHECK_THAT(beyond->message, Catch::Contains("stands at {5}, not at {7}"));
  }());
}

TEST_CASE("a_range_opens_twice_with_the_same_bounds_only") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    KeyRange bounds;
    bounds.after = KeyValue{"a,\"{}\"", "1"};
    const auto first = co_await open(connection.get(), held.fence, 1, bounds);
    CHECK_FALSE(first.has_value());
    const auto again = co_await open(connection.get(), held.fence, 1, bounds);
    CHECK_FALSE(again.has_value());
    KeyRange other = bounds;
    other.through = KeyValue{"b", "2"};
    const auto refused = co_await open(connection.get(), held.fence, 1, other);
    REQUIRE(refused.has_value());
    CHECK(refused->sqlstate == "BF002");
    SweepId sweep = held.fence.sweep;
    const auto ranges = co_await load_ranges(connection.get(), sweep);
    REQUIRE(value_of(ranges).size() == 1);
    CHECK(value_of(ranges).front().known.bounds == bounds);
    CHECK(value_of(ranges).front().known.cursor == bounds.after);
  }());
}

TEST_CASE("counts_are_recorded_by_the_next_transaction") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    KeyRange one;
    one.through = KeyValue{"10"};
    KeyRange two;
    two.after = KeyValue{"10"};
    const auto first = co_await open(connection.get(), held.fence, 1, one);
    CHECK_FALSE(first.has_value());
    const auto second = co_await open(connection.get(), held.fence, 2, two);
    CHECK_FALSE(second.has_value());
    Batch closing = batch_of(1, std::nullopt, "10");
    closing.closes_range = true;
    const auto closed = co_await run_batch(connection.get(), held.fence, closing);
    CHECK_FALSE(closed.has_value());
    Batch next = batch_of(2, "10", "20");
    next.record = {{.range = RangeId{1}, .rows = RowCount{5}}};
    const auto ran = co_await run_batch(connection.get(), held.fence, next);
    CHECK_FALSE(ran.has_value());
    CloseRange close;
    close.range = RangeId{2};
    close.cursor = KeyValue{"20"};
    close.record = {{.range = RangeId{2}, .rows = RowCount{4}}};
    auto statements = close_range_statements(held.fence, {}, close, Purpose::copy);
    const auto ended = co_await send(connection.get(), std::move(statements));
    CHECK_FALSE(ended.has_value());
    SweepId sweep = held.fence.sweep;
    const auto ranges = co_await load_ranges(connection.get(), sweep);
    CHECK(value_of(ranges)[0].rows_changed == 5);
    CHECK(value_of(ranges)[1].rows_changed == 4);
    CHECK_FALSE(value_of(ranges)[0].uncounted);
    CHECK_FALSE(value_of(ranges)[1].uncounted);
    CHECK(value_of(ranges)[1].known.closed);
    auto repeated = close_range_statements(held.fence, {}, close, Purpose::copy);
    const auto again = co_await send(connection.get(), std::move(repeated));
    REQUIRE(again.has_value());
    CHECK(again->sqlstate == "BF002");
  }());
}

/// The bytes of a batch may sit in a pooler while its runner takes it for lost. Without the fence
/// it would fit the cursor, and the counts it carries would be recorded by it and by another.
TEST_CASE("a_batch_that_comes_after_its_range_was_settled_is_refused_with_the_counts_it_carries") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto first =
        co_await run_batch(connection.get(), held.fence, batch_of(1, std::nullopt, "5"));
    CHECK_FALSE(first.has_value());
    Batch late = batch_of(1, "5", "8");
    late.record = {{.range = RangeId{1}, .rows = RowCount{5}}};
    SettleRange settle;
    settle.range = RangeId{1};
    settle.raise_to = Settlements{1};
    for (int i = 0; i < 2; ++i) {  // The second is the first one's repetition.
      auto settling = settle_range_statements(held.fence, {}, settle);
      const auto settled = co_await send(connection.get(), std::move(settling));
      CHECK_FALSE(settled.has_value());
    }
    const auto refused = co_await run_batch(connection.get(), held.fence, late);
    REQUIRE(refused.has_value());
    CHECK(refused->sqlstate == "BF002");
    CHECK_THAT(refused->message, Catch::Contains("settled 1 times"));
    CloseRange close;
    close.range = RangeId{1};
    close.cursor = KeyValue{"5"};
    auto closing = close_range_statements(held.fence, {}, close, Purpose::copy);
    const auto not_closed = co_await send(connection.get(), std::move(closing));
    REQUIRE(not_closed.has_value());
    CHECK(not_closed->sqlstate == "BF002");

    Batch again = late;
    again.settlements = Settlements{1};
    const auto ran = co_await run_batch(connection.get(), held.fence, again);
    CHECK_FALSE(ran.has_value());
    const auto ranges = co_await load_ranges(connection.get(), held.fence.sweep);
    CHECK(value_of(ranges)[0].rows_changed == 5);
    CHECK(value_of(ranges)[0].known.settlements == Settlements{1});
  }());
}

TEST_CASE("a_count_lost_in_a_crash_is_taken_from_the_table") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    co_await execute(connection.get(),
                     "SET track_counts = off; "
                     "CREATE TABLE t (id int PRIMARY KEY, n int); "
                     "INSERT INTO t SELECT g, 0 FROM generate_series(1, 9) g");
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto ran =
        co_await run_batch(connection.get(), held.fence, batch_of(1, std::nullopt, "5"),
                           "UPDATE t SET n = 1 WHERE id <= 5 AND id <> 3");
    CHECK_FALSE(ran.has_value());
    SweepId sweep = held.fence.sweep;
    auto loaded = co_await load_ranges(connection.get(), sweep);
    Target target;
    target.table = {.schema = "public", .name = "t"};
    target.key.columns = {{.name = "id", .type = "integer"}};
    auto counted = co_await count_uncounted(connection.get(), held.fence, target, value_of(loaded));
    CHECK(value_of(counted).front().rows_changed == 4);
    const auto stored = co_await load_ranges(connection.get(), sweep);
    CHECK(value_of(stored).front().rows_changed == 4);
    CHECK_FALSE(value_of(stored).front().uncounted);

    // Asked again, there is nothing open: one row all the same, and nothing is added.
    KeyRange last_batch;
    last_batch.through = KeyValue{"5"};
    pg::Statement again = count_uncounted_statement(held.fence, target, RangeId{1}, last_batch,
                                                    value_of(stored).front().last_xid);
    const auto nothing =
        co_await connection->query(std::move(again.sql), std::move(again.params), limit);
    CHECK(value_of(nothing).values.at(0).at(0) == "0");
    const auto unchanged = co_await load_ranges(connection.get(), sweep);
    CHECK(value_of(unchanged).front().rows_changed == 4);
  }());
}

TEST_CASE("verification_writes_what_it_found_with_its_checkpoint") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    pg::Statement count;
    count.sql = "SELECT 3::bigint, 2::bigint, NULL::bigint, NULL::numeric, NULL::numeric";
    auto statements =
        verify_batch_statements(held.fence, {}, batch_of(1, std::nullopt, "5"), std::move(count));
    const auto outcome = co_await connection->pipeline(std::move(statements), limit);
    REQUIRE_FALSE(outcome.error.has_value());
    CHECK(outcome.results[count_position].rows.values.at(0).at(0) == "3");
    SweepId sweep = held.fence.sweep;
    const auto ranges = co_await load_ranges(connection.get(), sweep);
    CHECK(value_of(ranges).front().rows_differing == 3);
    CHECK(value_of(ranges).front().unchangeable == 2);
    CHECK_FALSE(value_of(ranges).front().uncounted);
    CHECK(value_of(ranges).front().known.cursor == KeyValue{"5"});
    const auto proofs = co_await scalar(connection.get(), "SELECT count(*) FROM backfill.proofs");
    CHECK(proofs == "0");
  }());
}

TEST_CASE("the_checksums_of_a_proof_add_up_over_its_batches_and_each_batch_counts_once") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    auto held = co_await make_held_job(connection.get());
    held.fence.sweep.phase = "verify";
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    pg::Statement count;
    count.sql = "SELECT 1::bigint, 0::bigint, 4::bigint, -9223372036854775808, 5::numeric";
    auto first = verify_batch_statements(held.fence, {}, batch_of(1, std::nullopt, "5"), count);
    auto again = first;
    const auto done = co_await connection->pipeline(std::move(first), limit);
    REQUIRE_FALSE(done.error.has_value());
    const auto refused = co_await connection->pipeline(std::move(again), limit);
    CHECK(refused.error.has_value());
    std::vector<pg::Param> none;
    const auto rolled_back = co_await connection->query("ROLLBACK", std::move(none), limit);
    REQUIRE(rolled_back.has_value());
    auto second = verify_batch_statements(held.fence, {}, batch_of(1, "5", "9"), count);
    const auto added = co_await connection->pipeline(std::move(second), limit);
    REQUIRE_FALSE(added.error.has_value());
    const auto proof = co_await scalar(
        connection.get(),
        "SELECT format('%s %s %s %s %s', rows_compared, rows_differing, checksum_held, "
        "checksum_expected, complete) FROM backfill.proofs");
    CHECK(proof == "8 2 -18446744073709551616 10 f");
  }());
}

}  // namespace backfill::test
