#include "checkpoint/quarantine.hpp"

#include <catch2/catch.hpp>

#include "checkpoint/status_query.hpp"
#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {
namespace {

Batch into_quarantine(std::int64_t number, std::optional<std::string> after, std::string key) {
  Batch batch = batch_of(number, std::move(after), key);
  batch.keys = RowCount{1};
  batch.keys_done = RowCount{1};
  batch.quarantine = RowFailure{KeyValue{key}, "22P02", "invalid input: \"x\""};
  return batch;
}

asio::awaitable<std::optional<Error>> set_aside(pg::Connection* connection, Fence fence,
                                                Batch batch) {
  auto statements = quarantine_statements(fence, {}, batch, "\"public\".\"t\"");
  co_return co_await send(connection, std::move(statements));
}

asio::awaitable<std::optional<Error>> retry(pg::Connection* connection, Fence fence,
                                            QuarantinedRow row, std::string sql) {
  pg::Statement change;
  change.sql = std::move(sql);
  TransactionSettings settings;
  auto retried = co_await retry_row(connection, std::move(fence), std::move(settings),
                                    std::move(row), std::move(change));
  co_return retried ? std::optional<Error>{} : std::optional<Error>{retried.error()};
}

}  // namespace

TEST_CASE("a_row_is_set_aside_with_its_checkpoint_or_not_at_all") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const JobId job = held.job;
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto done =
        co_await set_aside(connection.get(), held.fence, into_quarantine(1, std::nullopt, "5"));
    CHECK_FALSE(done.has_value());
    // The same transaction once more, late: the cursor is not where it was.
    const auto late =
        co_await set_aside(connection.get(), held.fence, into_quarantine(1, std::nullopt, "4"));
    REQUIRE(late.has_value());
    CHECK(late->sqlstate == "BF002");
    const auto rows = co_await read_quarantine(connection.get(), job);
    REQUIRE(value_of(rows).size() == 1);
    CHECK(value_of(rows).front().key == KeyValue{"5"});
    CHECK(value_of(rows).front().sweep == "copy");
    CHECK(value_of(rows).front().message == "invalid input: \"x\"");
    SweepId sweep = held.fence.sweep;
    const auto ranges = co_await load_ranges(connection.get(), sweep);
    CHECK(value_of(ranges).front().known.cursor == KeyValue{"5"});
    CHECK_FALSE(value_of(ranges).front().uncounted);
    const std::string name = "job";
    const auto status = co_await backfill::read_status(connection.get(), name);
    CHECK(value_of(status).front().rows_quarantined == 1);
  }());
}

TEST_CASE("a_runner_that_lost_its_lease_sets_nothing_aside_and_retries_nothing") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto old = co_await make_held_job(connection.get());
    const JobId job = old.job;
    const auto opened = co_await open(connection.get(), old.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto done =
        co_await set_aside(connection.get(), old.fence, into_quarantine(1, std::nullopt, "5"));
    CHECK_FALSE(done.has_value());
    const auto released = co_await release_lease(connection.get(), old.lease);
    value_of(released);
    RunnerIdentity other = identify_runner();
    const auto taken = co_await take(connection.get(), job, std::move(other));
    REQUIRE(std::holds_alternative<Lease>(taken));
    const auto refused =
        co_await set_aside(connection.get(), old.fence, into_quarantine(1, "5", "6"));
    REQUIRE(refused.has_value());
    CHECK(refused->kind == ErrorClass::lease_lost);
    const auto rows = co_await read_quarantine(connection.get(), job);
    REQUIRE(value_of(rows).size() == 1);
    const QuarantinedRow row = value_of(rows).front();
    const auto retried = co_await retry(connection.get(), old.fence, row, "SELECT 1");
    REQUIRE(retried.has_value());
    CHECK(retried->kind == ErrorClass::lease_lost);
  }());
}

TEST_CASE("a_retry_changes_the_row_and_releases_it_in_one_transaction_and_only_once") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const JobId job = held.job;
    co_await execute(connection.get(),
                     "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); "
                     "INSERT INTO t VALUES (5, 0)");
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto done =
        co_await set_aside(connection.get(), held.fence, into_quarantine(1, std::nullopt, "5"));
    CHECK_FALSE(done.has_value());
    const auto rows = co_await read_quarantine(connection.get(), job);
    REQUIRE(value_of(rows).size() == 1);
    const QuarantinedRow row = value_of(rows).front();

    const auto failed =
        co_await retry(connection.get(), held.fence, row, "UPDATE t SET n = NULL WHERE id = 5");
    REQUIRE(failed.has_value());
    CHECK(failed->kind == ErrorClass::row);
    const auto kept = co_await read_quarantine(connection.get(), job);
    CHECK(value_of(kept).size() == 1);

    const std::string change = "UPDATE t SET n = n + 1 WHERE id = 5";
    const auto again = co_await retry(connection.get(), held.fence, row, change);
    CHECK_FALSE(again.has_value());
    const auto twice = co_await retry(connection.get(), held.fence, row, change);
    REQUIRE(twice.has_value());
    CHECK(twice->sqlstate == sqlstate_not_quarantined);
    const std::string n = co_await scalar(connection.get(), "SELECT n FROM t");
    CHECK(n == "1");
    const std::string counted =
        co_await scalar(connection.get(), "SELECT rows_changed FROM backfill.status");
    CHECK(counted == "1");
  }());
}

TEST_CASE("a_job_with_rows_in_quarantine_is_not_done_for_those_who_ask") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    Batch last = into_quarantine(1, std::nullopt, "5");
    last.closes_range = true;
    const auto done = co_await set_aside(connection.get(), held.fence, last);
    CHECK_FALSE(done.has_value());
    const auto finished = co_await finish_job(connection.get(), held.job, held.fence.epoch);
    value_of(finished);
    const std::string lack =
        co_await scalar(connection.get(), "SELECT backfill.lack_of_proof(id) FROM backfill.jobs");
    CHECK(lack == "1 row is in quarantine");
    const auto asked = co_await connection->script("SELECT backfill.assert_done('job')", limit);
    REQUIRE_FALSE(asked);
    CHECK(asked.error().sqlstate == "BF003");
    CHECK(asked.error().hint.find("backfill retry") != std::string::npos);
  }());
}

}  // namespace backfill::test
