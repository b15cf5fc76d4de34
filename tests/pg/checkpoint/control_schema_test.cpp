#include <boost/asio/experimental/awaitable_operators.hpp>
#include <catch2/catch.hpp>

#include "checkpoint/events.hpp"
#include "checkpoint/status_query.hpp"
#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {

TEST_CASE("two_first_runs_install_the_schema_once") {
  run_coroutine([]() -> asio::awaitable<void> {
    using namespace boost::asio::experimental::awaitable_operators;
    const std::string database = TestServer::instance().with_database();
    for (int round = 0; round < 5; ++round) {
      const auto first = co_await connect_to(database);
      const auto second = co_await connect_to(database);
      co_await execute(first.get(), "DROP SCHEMA IF EXISTS backfill CASCADE");
      auto both = install_control_schema(first.get()) && install_control_schema(second.get());
      const auto [one, two] = co_await std::move(both);
      value_of(one);
      value_of(two);
      const auto versions =
          co_await scalar(first.get(), "SELECT count(*) FROM backfill.schema_version");
      CHECK(versions == std::to_string(control_schema_version()));
    }
  }());
}

/// As a tool that knew no more than that version left it, with a job that was stopped half-way.
asio::awaitable<void> install_old(pg::Connection* connection, int version) {
  std::string script = "BEGIN; SET LOCAL search_path = pg_catalog; CREATE SCHEMA backfill;\n";
  for (const Migration& migration : control_schema_migrations()) {
    if (migration.version > version) break;
    for (const std::string_view part : migration.scripts) script += part;
    script += "INSERT INTO backfill.schema_version (version) VALUES (" +
              std::to_string(migration.version) + ");\n";
  }
  script +=
      "INSERT INTO backfill.jobs (name, kind, table_name, meaning, search_path, key_columns, "
      "phase, "
      "state) VALUES ('job', 'backfill', '\"public\".\"t\"', 'set a = 1', '', '{id}', 'copy', "
      "'stopped');"
      "INSERT INTO backfill.ranges (job_id, phase, pass, no, cursor, epoch, keys, keys_done, "
      "rows_changed) VALUES (1, 'copy', 1, 1, '{5}', 0, 10, 5, 5);"
      "INSERT INTO backfill.events (job_id, kind, reason) VALUES (1, 'retry', 'deadlock'); COMMIT";
  co_await execute(connection, std::move(script));
}

TEST_CASE("a_schema_of_any_older_version_is_migrated_and_its_jobs_go_on") {
  run_coroutine([]() -> asio::awaitable<void> {
    for (int version = 1; version < control_schema_version(); ++version) {
      const auto connection = co_await connect_to(TestServer::instance().with_database());
      co_await install_old(connection.get(), version);
      const auto held = co_await make_held_job(connection.get());
      const auto found = co_await read_control_schema_version(connection.get());
      CHECK(value_of(found) == control_schema_version());
      const auto ran = co_await run_batch(connection.get(), held.fence, batch_of(1, "5", "8"));
      CHECK_FALSE(ran.has_value());
      const auto ranges = co_await load_ranges(connection.get(), held.fence.sweep);
      REQUIRE(value_of(ranges).size() == 1);
      CHECK(value_of(ranges)[0].known.cursor == KeyValue{"8"});
      CHECK(value_of(ranges)[0].rows_changed == 5);
      const auto events = co_await recent_events(connection.get(), held.job, 10);
      REQUIRE(value_of(events).size() == 1);
      CHECK(value_of(events)[0].reason == "deadlock");
    }
  }());
}

TEST_CASE("the_version_is_absent_before_and_current_after_installing") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto first = co_await connect_to(database);
    const auto before = co_await read_control_schema_version(first.get());
    CHECK_FALSE(value_of(before).has_value());
    const auto installed = co_await install_control_schema(first.get());
    value_of(installed);
    const auto again = co_await install_control_schema(first.get());
    value_of(again);
    const auto after = co_await read_control_schema_version(first.get());
    CHECK(value_of(after) == control_schema_version());
  }());
}

TEST_CASE("a_schema_newer_than_the_tool_is_refused_and_left_alone") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto installed = co_await install_control_schema(connection.get());
    value_of(installed);
    co_await execute(connection.get(), "INSERT INTO backfill.schema_version VALUES (4711)");
    const auto refused = co_await install_control_schema(connection.get());
    CHECK_THAT(error_of(refused).message, Catch::Contains("4711"));
  }());
}

TEST_CASE("a_schema_of_the_same_name_that_is_not_ours_is_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    co_await execute(connection.get(),
                     "CREATE SCHEMA backfill; CREATE TABLE backfill.mine (a int)");
    const auto refused = co_await install_control_schema(connection.get());
    CHECK_THAT(error_of(refused).message, Catch::Contains("not this tool's"));
    co_await execute(connection.get(), "DROP TABLE backfill.mine");
    const auto installed = co_await install_control_schema(connection.get());
    value_of(installed);
  }());
}

TEST_CASE("every_table_and_column_of_the_schema_is_documented") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto installed = co_await install_control_schema(connection.get());
    value_of(installed);
    const auto silent = co_await scalar(
        connection.get(),
        "SELECT coalesce(string_agg(c.relname || '.' || coalesce(a.attname, ''), ' '), '') FROM "
        "pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE "
        "c.relnamespace = 'backfill'::regnamespace AND c.relkind = 'r' AND "
        "(obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)");
    CHECK(silent.empty());
  }());
}

TEST_CASE("an_installer_without_the_privilege_fails_with_its_reason_and_can_go_on") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    co_await execute(connection.get(),
                     "DROP ROLE IF EXISTS nobody_special; CREATE ROLE "
                     "nobody_special; SET ROLE nobody_special");
    const auto refused = co_await install_control_schema(connection.get());
    CHECK(error_of(refused).sqlstate == "42501");
    const auto one = co_await scalar(connection.get(), "SELECT 1");
    CHECK(one == "1");
  }());
}

TEST_CASE("a_job_is_pinned_by_its_first_run") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto job = co_await make_job(connection.get());
    NewJob other;
    other.name = "job";
    other.kind = "backfill";
    other.table = "\"public\".\"t\"";
    other.meaning = "set a = 2";
    other.key_columns = {"id"};
    other.phase = "copy";
    const auto again = co_await find_or_create_job(connection.get(), std::move(other));
    CHECK(value_of(again).id == job.id);
    CHECK(value_of(again).meaning == "set a = 1");
    CHECK(job.search_path == "\"$user\", public");
    CHECK(job.key_columns == std::vector<std::string>{"id"});
    const auto none = co_await find_job(connection.get(), "no such job");
    CHECK_FALSE(value_of(none).has_value());
  }());
}

TEST_CASE("status_events_and_phases_tell_one_story") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto nothing = co_await read_status(connection.get(), std::nullopt);
    CHECK(value_of(nothing).empty());
    const auto held = co_await make_held_job(connection.get());
    const auto started = co_await start_phase(connection.get(), held.fence);
    value_of(started);
    const auto opened = co_await open(connection.get(), held.fence, 1);
    CHECK_FALSE(opened.has_value());
    const auto ran =
        co_await run_batch(connection.get(), held.fence, batch_of(1, std::nullopt, "5"));
    CHECK_FALSE(ran.has_value());
    std::vector<EventRecord> events(2);
    events[0].kind = "retry";
    events[0].reason = "deadlock";
    events[0].detail = R"({"range": 1})";
    events[1].kind = "information";
    events[1].reason = "it's \"quoted\"";
    events[1].no = 1;
    const auto appended =
        co_await append_events(connection.get(), held.job, held.fence.epoch, events);
    value_of(appended);
    const auto read = co_await recent_events(connection.get(), held.job, 10);
    REQUIRE(value_of(read).size() == 2);
    CHECK(value_of(read)[0].reason == "deadlock");
    CHECK(value_of(read)[1].reason == "it's \"quoted\"");
    // Sent again because nobody knows whether it was written: it was.
    events.erase(events.begin());
    events.emplace_back();
    events.back().kind = "retry";
    events.back().reason = "lock_timeout";
    events.back().no = 2;
    const auto sent_again =
        co_await append_events(connection.get(), held.job, held.fence.epoch, events);
    value_of(sent_again);
    const auto all = co_await recent_events(connection.get(), held.job, 10);
    REQUIRE(value_of(all).size() == 3);
    CHECK(value_of(all)[2].reason == "lock_timeout");

    const auto beat = co_await heartbeat(connection.get(), held.lease, R"({"eta": 3})");
    value_of(beat);
    const auto status = co_await read_status(connection.get(), "job");
    REQUIRE(value_of(status).size() == 1);
    const JobStatus& seen = value_of(status).front();
    CHECK(seen.held);
    CHECK(seen.keys == 10);
    CHECK(seen.keys_done == 5);
    CHECK(seen.batches == 1);
    CHECK(seen.pass == 1);
    CHECK(seen.progress == R"({"eta": 3})");
    CHECK(seen.state == JobState::running);
    CHECK(seen.updated_at > seen.created_at);

    const auto finished = co_await finish_phase(connection.get(), held.fence, R"({"rows": 5})");
    value_of(finished);
    const auto pass = co_await last_pass(connection.get(), held.job, "copy");
    CHECK(value_of(pass) == 1);
    const auto done = co_await finish_job(connection.get(), held.job, held.fence.epoch);
    value_of(done);
    const auto released = co_await release_lease(connection.get(), held.lease);
    value_of(released);
    const auto after = co_await read_status(connection.get(), std::nullopt);
    CHECK(value_of(after).front().state == JobState::done);
    CHECK_FALSE(value_of(after).front().held);
    CHECK(value_of(after).front().finished_at == value_of(after).front().updated_at);

    // Shares of stripes, each of them rounded: nobody is told of more rows than there were.
    std::string shares =
        "UPDATE backfill.ranges SET stripes = 2, closed = true, keys_done = keys + 3";
    std::vector<pg::Param> none;
    const Duration patience = std::chrono::seconds(10);
    const auto striped = co_await connection->query(std::move(shares), std::move(none), patience);
    value_of(striped);
    const auto counted = co_await read_status(connection.get(), "job");
    CHECK(value_of(counted).front().keys_done == 10);
  }());
}

}  // namespace backfill::test
