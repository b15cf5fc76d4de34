#include <catch2/catch.hpp>

#include "checkpoint/history_query.hpp"
#include "checkpoint/run_record.hpp"
#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {

namespace {

RunRecord run_of(const Held& held) {
  RunRecord run;
  run.job = held.job;
  run.epoch = held.fence.epoch;
  run.command = "run";
  run.os_user = "it's \"me\"";
  run.host = "here";
  run.pid = 4711;
  return run;
}

Sample sample_of(std::string phase, std::int64_t rows) {
  Sample sample;
  sample.phase = std::move(phase);
  sample.span = std::chrono::milliseconds{1500};
  sample.rows_passed = rows;
  sample.limited_by = "nothing";
  return sample;
}

}  // namespace

TEST_CASE("a_run_is_one_row_that_is_written_again_until_it_has_ended") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    RunRecord run = run_of(held);
    const auto begun = co_await write_run(connection.get(), run);
    value_of(begun);
    run.totals = {.rows_passed = 30, .rows_changed = 20, .batches = 3, .retries = 1};
    run.time_lost = {{"lock_wait", std::chrono::milliseconds{250}}};
    const auto again = co_await write_run(connection.get(), run);
    value_of(again);
    const auto live = co_await read_runs(connection.get(), "job", 10);
    REQUIRE(value_of(live).size() == 1);
    CHECK(value_of(live)[0].live);
    CHECK_FALSE(value_of(live)[0].exit_code.has_value());
    CHECK_FALSE(value_of(live)[0].ended_at.has_value());
    CHECK(value_of(live)[0].rows_changed == 20);
    CHECK(value_of(live)[0].time_lost == R"({"lock_wait": 0.25})");
    CHECK(value_of(live)[0].os_user == "it's \"me\"");
    CHECK(value_of(live)[0].role == "postgres");

    run.exit_code = 5;
    run.outcome = "stopped";
    const auto ended = co_await write_run(connection.get(), run);
    value_of(ended);
    const auto over = co_await read_runs(connection.get(), std::nullopt, 10);
    REQUIRE(value_of(over).size() == 1);
    CHECK(value_of(over)[0].exit_code == 5);
    CHECK(value_of(over)[0].ended_at.has_value());
    CHECK_FALSE(value_of(over)[0].live);
    CHECK(value_of(over)[0].took_s >= 0);
  }());
}

TEST_CASE("a_run_that_was_killed_has_no_end_and_does_not_live_once_another_has_the_job") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    RunRecord first = run_of(held);
    const auto begun = co_await write_run(connection.get(), std::move(first));
    value_of(begun);
    co_await execute(connection.get(), "UPDATE backfill.leases SET released_at = now()");
    const auto second = co_await make_held_job(connection.get());
    RunRecord other_run = run_of(second);
    const auto also = co_await write_run(connection.get(), std::move(other_run));
    value_of(also);
    const auto runs = co_await read_runs(connection.get(), "job", 10);
    REQUIRE(value_of(runs).size() == 2);
    CHECK(value_of(runs)[0].epoch == 2);  // the newest first
    CHECK(value_of(runs)[0].live);
    CHECK_FALSE(value_of(runs)[1].live);
    const auto one = co_await read_runs(connection.get(), "job", 1);
    CHECK(value_of(one).size() == 1);
    const auto other = co_await read_runs(connection.get(), "no such job", 10);
    CHECK(value_of(other).empty());
  }());
}

TEST_CASE("samples_are_numbered_over_all_runs_of_a_job") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    for (std::int64_t no = 1; no <= 3; ++no) {
      Sample sample = sample_of("copy", no * 10);
      if (no == 2) {
        sample.lag_s = 0.5;
        sample.batch_ms = 12.25;
        sample.batch_rows = 700;
        sample.time_lost = {{"replica_lag", std::chrono::seconds{1}}};
      }
      const Duration ago = no == 3 ? std::chrono::minutes{1} : Duration{0};
      const auto written = co_await write_sample(connection.get(), held.job, held.fence.epoch,
                                                 std::move(sample), ago);
      CHECK(value_of(written) == no);
    }
    const auto samples = co_await read_samples(connection.get(), held.job);
    REQUIRE(value_of(samples).size() == 3);
    CHECK(value_of(samples)[0].rows_passed == 10);
    CHECK_FALSE(value_of(samples)[0].lag_s.has_value());
    CHECK_FALSE(value_of(samples)[0].batch_ms.has_value());
    CHECK(value_of(samples)[1].lag_s == 0.5);
    CHECK(value_of(samples)[1].batch_ms == 12.25);
    CHECK(value_of(samples)[1].batch_rows == 700);
    CHECK(value_of(samples)[1].span_s == 1.5);
    CHECK(value_of(samples)[1].time_lost == R"({"replica_lag": 1.0})");
    CHECK(value_of(samples)[1].at_s >= value_of(samples)[0].at_s);
    // Written later than its span has ended.
    CHECK(value_of(samples)[2].at_s < value_of(samples)[1].at_s);
  }());
}

TEST_CASE("an_older_control_schema_has_no_history_and_that_is_no_error") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto nothing = co_await read_runs(connection.get(), std::nullopt, 10);
    CHECK(value_of(nothing).empty());
    const auto job = co_await make_job(connection.get());
    co_await execute(connection.get(),
                     "DROP TABLE backfill.runs, backfill.samples; DELETE FROM "
                     "backfill.schema_version WHERE version >= 8");
    const auto runs = co_await read_runs(connection.get(), std::nullopt, 10);
    CHECK(value_of(runs).empty());
    const auto samples = co_await read_samples(connection.get(), job.id);
    CHECK(value_of(samples).empty());
  }());
}

TEST_CASE("a_report_tells_phases_and_the_events_that_people_care_for") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const auto started = co_await start_phase(connection.get(), held.fence);
    value_of(started);
    co_await execute(connection.get(),
                     "INSERT INTO backfill.events (job_id, kind, reason, detail) VALUES "
                     "(1, 'lease', 'lease_taken', '{\"text\": \"mine\"}'), "
                     "(1, 'information', 'replica_lag', '{\"text\": \"watching\"}'), "
                     "(1, 'throttle', 'time_lost', '{}'), (1, 'retry', 'deadlock', '{\"a\": 1}')");
    const auto events = co_await read_notable_events(connection.get(), held.job, 10);
    REQUIRE(value_of(events).size() == 2);
    CHECK(value_of(events)[0].text == "mine");
    CHECK(value_of(events)[1].text == R"({"a": 1})");
    const auto phases = co_await read_phases(connection.get(), held.job);
    REQUIRE(value_of(phases).size() == 1);
    CHECK(value_of(phases)[0].phase == "copy");
    CHECK_FALSE(value_of(phases)[0].took_s.has_value());
    const auto meaning = co_await read_meaning(connection.get(), held.job);
    CHECK(value_of(meaning) == "set a = 1");
  }());
}

}  // namespace backfill::test
