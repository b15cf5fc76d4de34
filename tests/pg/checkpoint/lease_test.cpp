#include <chrono>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <catch2/catch.hpp>

#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {
namespace {

/// A runner on a host of its own: nothing but the server can tell whether it lives.
RunnerIdentity far_runner() {
  RunnerIdentity runner = identify_runner();
  runner.host = "far-away";
  runner.process_start = "boot/pid:[1]/1";
  return runner;
}

}  // namespace

TEST_CASE("a_live_owner_keeps_the_job_and_says_who_it_is") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto first = co_await connect_to(database);
    const auto second = co_await connect_to(database);
    const auto held = co_await make_held_job(first.get());
    CHECK(held.lease.epoch == Epoch{1});
    CHECK(held.lease.taken_because == "free");
    RunnerIdentity other = identify_runner();
    const auto outcome = co_await take(second.get(), held.job, std::move(other));
    REQUIRE(std::holds_alternative<LeaseOwner>(outcome));
    const auto& owner = std::get<LeaseOwner>(outcome);
    CHECK(owner.identity.pid == static_cast<int>(::getpid()));
    CHECK(owner.identity.host == identify_runner().host);
    CHECK(owner.epoch == held.lease.epoch);
    CHECK_FALSE(owner.since.empty());
    CHECK(owner.heartbeat_age_s >= 0);
    const auto beat = co_await heartbeat(first.get(), held.lease, std::nullopt);
    value_of(beat);
  }());
}

TEST_CASE("a_runner_whose_server_process_is_gone_loses_the_job") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    auto first = co_await connect_to(database);
    const auto second = co_await connect_to(database);
    const auto job = co_await make_job(first.get());
    RunnerIdentity far = far_runner();
    const auto mine = co_await take(first.get(), job.id, std::move(far));
    REQUIRE(std::holds_alternative<Lease>(mine));
    const int backend = first->backend_pid();
    first.reset();
    // The server notices the closed connection in its own time.
    for (std::string there = "1"; there != "0";) {
      there = co_await scalar(second.get(), "SELECT count(*) FROM pg_stat_activity WHERE pid = " +
                                                std::to_string(backend));
    }
    RunnerIdentity other = far_runner();
    const auto outcome = co_await take(second.get(), job.id, std::move(other));
    REQUIRE(std::holds_alternative<Lease>(outcome));
    CHECK(std::get<Lease>(outcome).taken_because == "backend_gone");
    CHECK(std::get<Lease>(outcome).epoch == Epoch{2});
  }());
}

TEST_CASE("a_runner_that_died_on_this_host_loses_the_job_while_its_connection_lingers") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto first = co_await connect_to(database);
    const auto second = co_await connect_to(database);
    const auto job = co_await make_job(first.get());
    RunnerIdentity dead = identify_runner();
    dead.pid = 0x7ffffff0;
    const auto mine = co_await take(first.get(), job.id, std::move(dead));
    REQUIRE(std::holds_alternative<Lease>(mine));
    RunnerIdentity other = identify_runner();
    const auto outcome = co_await take(second.get(), job.id, std::move(other));
    REQUIRE(std::holds_alternative<Lease>(outcome));
    CHECK(std::get<Lease>(outcome).taken_because == "process_dead");
  }());
}

TEST_CASE("a_runner_that_falls_silent_loses_the_job_after_its_ttl") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto first = co_await connect_to(database);
    const auto second = co_await connect_to(database);
    const auto held = co_await make_held_job(first.get());
    co_await execute(second.get(), "UPDATE backfill.leases SET heartbeat_at = heartbeat_at - ttl");
    RunnerIdentity other = identify_runner();
    const auto outcome = co_await take(second.get(), held.job, std::move(other));
    REQUIRE(std::holds_alternative<Lease>(outcome));
    CHECK(std::get<Lease>(outcome).taken_because == "heartbeat_expired");
    const auto beat = co_await heartbeat(first.get(), held.lease, std::nullopt);
    CHECK(error_of(beat).kind == ErrorClass::lease_lost);
    const auto released = co_await release_lease(first.get(), held.lease);
    value_of(released);
    const auto owner = co_await read_lease(second.get(), held.job);
    REQUIRE(value_of(owner).has_value());
    CHECK_FALSE(value_of(owner)->released);
  }());
}

TEST_CASE("two_runners_that_start_at_once_get_one_lease") {
  run_coroutine([]() -> asio::awaitable<void> {
    using namespace boost::asio::experimental::awaitable_operators;
    const std::string database = TestServer::instance().with_database();
    const auto first = co_await connect_to(database);
    const auto second = co_await connect_to(database);
    const auto job = co_await make_job(first.get());
    RunnerIdentity one = identify_runner();
    RunnerIdentity two = identify_runner();
    auto both =
        take(first.get(), job.id, std::move(one)) && take(second.get(), job.id, std::move(two));
    const auto [mine, yours] = co_await std::move(both);
    const int leases = static_cast<int>(std::holds_alternative<Lease>(mine)) +
                       static_cast<int>(std::holds_alternative<Lease>(yours));
    CHECK(leases == 1);
  }());
}

TEST_CASE("takeover_waits_for_an_orphan_that_holds_a_checkpoint_and_keeps_what_it_committed") {
  run_coroutine([]() -> asio::awaitable<void> {
    using namespace boost::asio::experimental::awaitable_operators;
    const std::string database = TestServer::instance().with_database();
    const auto control = co_await connect_to(database);
    const auto orphan = co_await connect_to(database);
    const auto held = co_await make_held_job(control.get());
    const auto opened = co_await open(control.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto released = co_await release_lease(control.get(), held.lease);
    value_of(released);
    // The orphan has moved the cursor and has yet to commit.
    pg::Statement begin = begin_statement();
    pg::Statement move = checkpoint_statement(held.fence, batch_of(1, std::nullopt, "5"), 0);
    std::vector<pg::Statement> half;
    half.push_back(std::move(begin));
    half.push_back(std::move(move));
    const auto half_done = co_await orphan->pipeline(std::move(half), limit);
    REQUIRE_FALSE(half_done.error.has_value());

    LeaseSettings impatient;
    impatient.lock_timeout = std::chrono::milliseconds{20};
    impatient.attempts = 2;
    impatient.pause = std::chrono::milliseconds{1};
    RunnerIdentity hasty = identify_runner();
    const auto blocked =
        co_await acquire_lease(control.get(), held.job, std::move(hasty), impatient);
    CHECK(error_of(blocked).sqlstate == "55P03");
    CHECK_THAT(error_of(blocked).hint, Catch::Contains("pg_stat_activity"));

    RunnerIdentity patient = identify_runner();
    auto both =
        take(control.get(), held.job, std::move(patient)) && orphan->script("COMMIT", limit);
    const auto [outcome, committed] = co_await std::move(both);
    value_of(committed);
    REQUIRE(std::holds_alternative<Lease>(outcome));
    Fence fence = held.fence;
    fence.epoch = std::get<Lease>(outcome).epoch;
    SettleRange settle;
    settle.range = RangeId{1};
    auto statements = settle_range_statements(fence, {}, settle);
    const auto settled = co_await control->pipeline(std::move(statements), limit);
    REQUIRE_FALSE(settled.error.has_value());
    const SettledRange range = read_settled(settled.results[settle_position].rows);
    CHECK(range.cursor == KeyValue{"5"});
    CHECK(range.uncounted);
    CHECK_FALSE(range.closed);
    CHECK_FALSE(range.last_after.has_value());
    // And what the orphan sends now meets the new epoch.
    const auto late = co_await run_batch(orphan.get(), held.fence, batch_of(1, "5", "9"));
    REQUIRE(late.has_value());
    CHECK(late->kind == ErrorClass::lease_lost);
    const auto next = co_await run_batch(control.get(), fence, batch_of(1, "5", "9"));
    CHECK_FALSE(next.has_value());
  }());
}

TEST_CASE("settling_waits_for_the_transaction_that_holds_the_range") {
  run_coroutine([]() -> asio::awaitable<void> {
    using namespace boost::asio::experimental::awaitable_operators;
    const std::string database = TestServer::instance().with_database();
    const auto control = co_await connect_to(database);
    const auto orphan = co_await connect_to(database);
    const auto held = co_await make_held_job(control.get());
    const auto opened = co_await open(control.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    std::vector<pg::Statement> half;
    half.push_back(begin_statement());
    half.push_back(checkpoint_statement(held.fence, batch_of(1, std::nullopt, "5"), 0));
    const auto half_done = co_await orphan->pipeline(std::move(half), limit);
    REQUIRE_FALSE(half_done.error.has_value());
    SettleRange settle;
    settle.range = RangeId{1};
    TransactionSettings patient;
    patient.lock_timeout = std::chrono::seconds{20};
    auto statements = settle_range_statements(held.fence, patient, settle);
    auto both = control->pipeline(std::move(statements), limit) && orphan->script("COMMIT", limit);
    const auto [settled, committed] = co_await std::move(both);
    value_of(committed);
    REQUIRE_FALSE(settled.error.has_value());
    CHECK(read_settled(settled.results[settle_position].rows).cursor == KeyValue{"5"});
  }());
}

}  // namespace backfill::test
