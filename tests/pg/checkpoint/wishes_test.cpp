#include "checkpoint/wishes.hpp"

#include <catch2/catch.hpp>

#include "checkpoint/events.hpp"
#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {

namespace {

Requester alice() {
  return {"alice", "host", 4711};
}

std::vector<StoredSetting> of_file(std::string connections) {
  StoredSetting setting;
  setting.key = "pace.connections";
  setting.file_value = std::move(connections);
  return {setting};
}

asio::awaitable<std::int64_t> give(pg::Connection* connection, JobId job, Command command) {
  const auto before = co_await read_wishes(connection, job);
  const std::int64_t seen = value_of(before).revision;
  const Requester who = alice();
  const auto given = co_await command_job(connection, job, seen, std::move(command), who);
  REQUIRE(value_of(given).has_value());
  co_return *value_of(given);
}

Command set(std::string key, std::optional<std::string> before, std::optional<std::string> after) {
  Command command;
  command.kind = Command::Kind::set;
  command.changes.push_back({std::move(key), std::move(before), std::move(after)});
  return command;
}

}  // namespace

TEST_CASE("a_pause_is_read_with_its_author_until_it_is_resumed") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    Command pause;
    const auto first = co_await give(connection.get(), held.job, pause);
    CHECK(first == 1);
    const auto paused = co_await read_wishes(connection.get(), held.job);
    REQUIRE(value_of(paused).pause.has_value());
    CHECK(value_of(paused).pause->by == "alice@host");
    CHECK(value_of(paused).acknowledged == 0);
    const auto heard = co_await acknowledge_wishes(connection.get(), held.job, first);
    value_of(heard);
    Command resume;
    resume.kind = Command::Kind::resume;
    const auto second = co_await give(connection.get(), held.job, resume);
    CHECK(second == 2);
    const auto resumed = co_await read_wishes(connection.get(), held.job);
    CHECK_FALSE(value_of(resumed).pause.has_value());
    CHECK(value_of(resumed).acknowledged == 1);
  }());
}

TEST_CASE("a_command_on_what_another_has_changed_meanwhile_is_not_given") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    Command pause;
    co_await give(connection.get(), held.job, pause);
    const Requester who = alice();
    const auto late = co_await command_job(connection.get(), held.job, 0, pause, who);
    CHECK_FALSE(value_of(late).has_value());
    const auto events = co_await recent_events(connection.get(), held.job, 10);
    CHECK(value_of(events).size() == 1);
  }());
}

TEST_CASE("a_setting_is_kept_and_audited_whatever_its_text") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const std::string nasty = "a\"b\\c'); DROP SCHEMA backfill CASCADE; --{NULL}";
    const Command setting = set("throttle.x", std::nullopt, nasty);
    co_await give(connection.get(), held.job, setting);
    const auto wishes = co_await read_wishes(connection.get(), held.job);
    REQUIRE(value_of(wishes).settings.size() == 1);
    CHECK(value_of(wishes).settings[0].value == nasty);
    CHECK(value_of(wishes).settings[0].set_by == "alice@host");
    const auto audited =
        co_await scalar(connection.get(), "SELECT detail -> 'new' ->> 0 FROM backfill.events");
    CHECK(audited == nasty);
    const Command back = set("throttle.x", nasty, std::nullopt);
    co_await give(connection.get(), held.job, back);
    const auto reset = co_await read_wishes(connection.get(), held.job);
    CHECK_FALSE(value_of(reset).settings[0].value.has_value());
  }());
}

TEST_CASE("what_was_set_outlives_a_restart_until_the_file_says_something_new") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const Epoch epoch = held.fence.epoch;
    const std::vector<StoredSetting> four = of_file("4");
    const std::vector<StoredSetting> eight = of_file("8");
    const auto first = co_await enter_settings(connection.get(), held.job, epoch, four);
    CHECK(value_of(first).empty());
    const Command slower = set("pace.connections", "4", "1");
    co_await give(connection.get(), held.job, slower);
    const auto same = co_await enter_settings(connection.get(), held.job, epoch, four);
    CHECK(value_of(same).empty());
    const auto kept = co_await read_wishes(connection.get(), held.job);
    CHECK(value_of(kept).settings.at(0).value == "1");
    const auto edited = co_await enter_settings(connection.get(), held.job, epoch, eight);
    REQUIRE(value_of(edited).size() == 1);
    CHECK(value_of(edited)[0].key == "pace.connections");
    CHECK(value_of(edited)[0].value == "1");
    const auto after = co_await read_wishes(connection.get(), held.job);
    CHECK(value_of(after).settings.at(0).file_value == "8");
    CHECK_FALSE(value_of(after).settings.at(0).value.has_value());
  }());
}

TEST_CASE("a_runner_that_lost_its_lease_enters_no_settings") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    const Epoch stale = held.fence.epoch - Epoch{1};
    const std::vector<StoredSetting> four = of_file("4");
    const auto entered = co_await enter_settings(connection.get(), held.job, stale, four);
    CHECK(value_of(entered).empty());
    const auto wishes = co_await read_wishes(connection.get(), held.job);
    CHECK(value_of(wishes).settings.empty());
  }());
}

TEST_CASE("a_command_notifies_those_who_listen") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string database = TestServer::instance().with_database();
    const auto connection = co_await connect_to(database);
    const auto listener = co_await connect_to(database);
    const auto held = co_await make_held_job(connection.get());
    co_await execute(listener.get(), "LISTEN backfill_control");
    Command pause;
    co_await give(connection.get(), held.job, pause);
    const auto heard = co_await listener->notification(limit);
    REQUIRE(value_of(heard).has_value());
    CHECK(value_of(heard)->channel == wishes_channel);
    CHECK(value_of(heard)->payload == std::to_string(held.job.value));
  }());
}

}  // namespace backfill::test
