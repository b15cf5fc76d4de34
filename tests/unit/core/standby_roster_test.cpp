#include "core/standby_roster.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace backfill;
using namespace std::chrono_literals;

namespace {

const Instant start{Duration(1h)};
const WalPosition wal_end(1'000'000);

ReplicationReading standby(std::string application_name, WalPosition replayed = wal_end) {
  ReplicationReading reading;
  reading.application_name = std::move(application_name);
  reading.address = "10.0.0.1";
  reading.connected = true;
  reading.replayed = replayed;
  reading.reply_age = 100ms;
  return reading;
}

ReplicationReading with_slot(ReplicationReading reading, std::string slot) {
  reading.slot = std::move(slot);
  return reading;
}

ReplicationReading unused_slot(std::string slot) {
  ReplicationReading reading;
  reading.slot = std::move(slot);
  reading.retained = ByteCount{1'200'000'000};
  reading.wal_status = "extended";
  return reading;
}

/// pg_receivewal and pg_basebackup report what they have written, and replay nothing.
ReplicationReading receiver(std::string application_name) {
  ReplicationReading reading = standby(std::move(application_name));
  reading.replayed.reset();
  return reading;
}

StandbyRoster::Report read(StandbyRoster& roster, const std::vector<ReplicationReading>& readings,
                           Duration at, WalPosition primary = wal_end) {
  const auto report = roster.on_reading(readings, primary, start + at);
  REQUIRE(report.has_value());
  return *report;
}

std::vector<std::string> names(const StandbyRoster::Report& report) {
  std::vector<std::string> all;
  for (const Signal& signal : report.signals) all.push_back(signal.name);
  return all;
}

bool noted(const StandbyRoster::Report& report, const std::string& words) {
  return std::ranges::any_of(
      report.notes, [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a_sender_that_never_reported_a_replayed_position_is_no_standby") {
  StandbyRoster roster{ReplicaLagSettings{}};
  CHECK(read(roster, {receiver("pg_receivewal"), receiver("pg_basebackup")}, 0s).signals.empty());
  CHECK(read(roster, {}, 1s).signals.empty());
}

TEST_CASE("that_nobody_is_watched_is_said_once") {
  StandbyRoster roster{ReplicaLagSettings{}};
  CHECK(noted(read(roster, {}, 0s), "no standby is connected"));
  CHECK(read(roster, {}, 1s).notes.empty());
  StandbyRoster watching{ReplicaLagSettings{}};
  CHECK(noted(read(watching, {standby("a")}, 0s), "watching the lag of a@10.0.0.1"));
}

TEST_CASE("standbys_that_are_asked_themselves_are_counted_among_those_watched_and_not_shown") {
  ReplicaLagSettings settings;
  settings.standbys = {"postgresql://watcher:secret@standby2/app"};
  StandbyRoster roster(settings);
  const auto report = read(roster, {}, 0s);
  CHECK(noted(report, "standbys that are asked themselves: 1"));
  CHECK_FALSE(noted(report, "does not slow"));
  CHECK_FALSE(noted(report, "secret"));
}

TEST_CASE("a_standby_without_a_slot_has_the_same_name_after_it_reconnects") {
  StandbyRoster roster{ReplicaLagSettings{}};
  CHECK(names(read(roster, {standby("walreceiver"), standby("walreceiver")}, 0s)) ==
        Names{"replica_lag:walreceiver@10.0.0.1", "replica_lag:walreceiver@10.0.0.1#2"});
  const auto one_left = read(roster, {standby("walreceiver")}, 1s);
  CHECK(names(one_left) ==
        Names{"replica_lag:walreceiver@10.0.0.1", "replica_gone:walreceiver@10.0.0.1#2"});
  CHECK(one_left.ended == Names{"replica_lag:walreceiver@10.0.0.1#2"});
  const auto both = read(roster, {standby("walreceiver"), standby("walreceiver")}, 2s);
  CHECK(names(both) ==
        Names{"replica_lag:walreceiver@10.0.0.1", "replica_lag:walreceiver@10.0.0.1#2"});
  CHECK(both.ended == Names{"replica_gone:walreceiver@10.0.0.1#2"});
}

TEST_CASE("a_standby_is_named_by_its_slot") {
  StandbyRoster roster{ReplicaLagSettings{}};
  CHECK(names(read(roster, {with_slot(standby("walreceiver"), "sby1")}, 0s)) ==
        Names{"replica_lag:sby1"});
}

TEST_CASE("a_temporary_slot_names_nobody_who_could_come_back") {
  StandbyRoster roster{ReplicaLagSettings{}};
  auto reading = with_slot(standby("walreceiver"), "pg_walreceiver_4711");
  reading.temporary = true;
  CHECK(names(read(roster, {reading}, 0s)) == Names{"replica_lag:walreceiver@10.0.0.1"});
}

TEST_CASE("a_standby_that_left_holds_the_work_for_a_while_and_then_ends_it_with_its_remedy") {
  StandbyRoster roster(ReplicaLagSettings{}, 5min);
  (void)read(roster, {with_slot(standby("walreceiver"), "sby1")}, 0s);
  const auto gone = read(roster, {unused_slot("sby1")}, 1s);
  REQUIRE(names(gone) == Names{"replica_gone:sby1"});
  CHECK(gone.signals.front().value >= gone.signals.front().stop);
  CHECK(gone.signals.front().end.empty());
  CHECK(read(roster, {unused_slot("sby1")}, 5min).signals.front().end.empty());
  const auto over = read(roster, {unused_slot("sby1")}, 1s + 5min).signals.front();
  CHECK_THAT(over.end, Catch::Contains("sby1"));
  CHECK_THAT(over.end, Catch::Contains("throttle.replica_lag.ignore: [\"sby1\"]"));
}

TEST_CASE("a_standby_that_came_back_is_given_its_time_anew_when_it_leaves_again") {
  StandbyRoster roster(ReplicaLagSettings{}, 5min);
  (void)read(roster, {standby("a")}, 0s);
  (void)read(roster, {}, 1s);
  (void)read(roster, {standby("a")}, 4min);
  (void)read(roster, {}, 5min);
  CHECK(read(roster, {}, 9min).signals.front().end.empty());
  CHECK_FALSE(read(roster, {}, 10min).signals.front().end.empty());
}

TEST_CASE("a_standby_that_only_comes_now_is_as_far_behind_as_its_position_is_old") {
  StandbyRoster roster{ReplicaLagSettings{}};
  for (int i = 0; i <= 80; ++i) {
    CHECK(read(roster, {}, i * Duration(250ms), WalPosition(1'000 * (i + 1))).signals.empty());
  }
  const auto report =
      read(roster, {standby("late", WalPosition(21'000))}, 20s + 250ms, WalPosition(82'000));
  REQUIRE(report.signals.size() == 1);
  CHECK(report.signals.front().value == Approx(15.25).margin(0.01));
}

TEST_CASE("a_standby_whose_slot_was_dropped_is_not_waited_for") {
  StandbyRoster roster{ReplicaLagSettings{}};
  (void)read(roster, {with_slot(standby("walreceiver"), "sby1")}, 0s);
  const auto dropped = read(roster, {}, 1s);
  CHECK(dropped.signals.empty());
  CHECK(std::ranges::count(dropped.ended, "replica_lag:sby1") == 1);
  CHECK(noted(dropped, "sby1"));
}

TEST_CASE("a_standby_that_takes_its_time_to_stream_is_absent_and_its_slot_is_not_dropped") {
  StandbyRoster roster{ReplicaLagSettings{}};
  (void)read(roster, {with_slot(standby("walreceiver"), "sby1")}, 0s);
  auto starting = with_slot(receiver("walreceiver"), "sby1");
  starting.starting = true;
  CHECK(names(read(roster, {starting}, 1s)) == Names{"replica_gone:sby1"});
}

TEST_CASE("ignore_names_an_application_a_slot_or_the_whole_name") {
  for (const char* ignored : {"walreceiver", "sby1"}) {
    ReplicaLagSettings settings;
    settings.ignore = {ignored};
    StandbyRoster roster(settings);
    CHECK(read(roster, {with_slot(standby("walreceiver"), "sby1")}, 0s).signals.empty());
  }
  ReplicaLagSettings settings;
  settings.ignore = {"walreceiver@10.0.0.1"};
  StandbyRoster roster(settings);
  CHECK(read(roster, {standby("walreceiver")}, 0s).signals.empty());
}

TEST_CASE("whoever_is_ignored_from_now_on_is_let_go_at_once") {
  StandbyRoster roster{ReplicaLagSettings{}};
  (void)read(roster, {standby("a")}, 0s);
  (void)read(roster, {}, 1s);
  ReplicaLagSettings settings;
  settings.ignore = {"a"};
  roster.set(settings);
  const auto report = read(roster, {}, 2s);
  CHECK(report.signals.empty());
  CHECK(std::ranges::count(report.ended, "replica_gone:a@10.0.0.1") == 1);
}

TEST_CASE("a_hidden_standby_is_an_error_with_the_grant_unless_it_is_ignored") {
  auto hidden = receiver("a");
  hidden.hidden = true;
  StandbyRoster roster{ReplicaLagSettings{}};
  const auto report = roster.on_reading({hidden}, wal_end, start);
  REQUIRE_FALSE(report.has_value());
  CHECK_THAT(report.error().hint, Catch::Contains("GRANT pg_monitor"));
  ReplicaLagSettings settings;
  settings.ignore = {"a"};
  roster.set(settings);
  CHECK(roster.on_reading({hidden}, wal_end, start).has_value());
}

TEST_CASE("a_logical_consumer_lags_by_what_its_slot_has_confirmed") {
  StandbyRoster roster{ReplicaLagSettings{}};
  auto consumer = with_slot(standby("sub", WalPosition(1'000'000)), "sub_slot");
  consumer.logical = true;
  consumer.reply_age.reset();
  (void)read(roster, {consumer}, 0s);
  (void)read(roster, {consumer}, 1s, WalPosition(2'000'000));
  const auto report = read(roster, {consumer}, 11s, WalPosition(3'000'000));
  REQUIRE(names(report) == Names{"replica_lag:sub_slot"});
  CHECK(report.signals.front().value > report.signals.front().stop);
}

TEST_CASE("a_slot_that_nobody_uses_is_told_once_with_what_it_keeps_and_holds_nothing") {
  StandbyRoster roster{ReplicaLagSettings{}};
  const auto report = read(roster, {unused_slot("old")}, 0s);
  CHECK(report.signals.empty());
  CHECK(noted(report, "replication slot old"));
  CHECK(noted(report, "1200 MB"));
  CHECK(noted(report, "extended"));
  CHECK(read(roster, {unused_slot("old")}, 1s).notes.empty());
}

TEST_CASE("a_receiver_that_stopped_answering_is_called_stuck") {
  StandbyRoster roster{ReplicaLagSettings{}};
  (void)read(roster, {standby("a")}, 0s);
  auto stuck = standby("a");
  stuck.received = wal_end;
  stuck.reply_age = 30s;
  const WalPosition later(wal_end.value + 1000);
  (void)read(roster, {stuck}, 1s, later);
  CHECK_THAT(read(roster, {stuck}, 4s, later).signals.front().text, Catch::Contains("stuck"));
}

TEST_CASE("a_standby_behind_for_a_minute_may_be_delayed_on_purpose_and_its_remedy_is_named") {
  StandbyRoster roster{ReplicaLagSettings{}};
  for (int second = 0; second <= 70; ++second) {
    const Duration at = std::chrono::seconds{second};
    const auto signal =
        read(roster, {standby("a")}, at, WalPosition(1'000'000 + second * 1000)).signals.front();
    const bool named = signal.text.find("ignore: [\"a@10.0.0.1\"]") != std::string::npos;
    if (second < 60) CHECK_FALSE(named);
    if (second == 70) CHECK(named);
  }
}

TEST_CASE("a_standby_far_behind_from_the_start_stops_the_work_until_its_speed_is_seen") {
  StandbyRoster roster{ReplicaLagSettings{}};
  const WalPosition far(wal_end.value + 100'000'000);
  const Signal first = read(roster, {standby("a")}, 0s, far).signals.front();
  CHECK(first.value >= first.stop);
  CHECK(first.seen == 0.0);
  CHECK_THAT(first.text, Catch::Contains("100 MB to replay at a speed not yet seen"));
  const auto moved = standby("a", WalPosition(wal_end.value + 50'000'000));
  const auto further = standby("a", WalPosition(wal_end.value + 99'000'000));
  (void)read(roster, {moved}, 250ms, far);
  const Signal fast = read(roster, {further}, 500ms, far).signals.front();
  CHECK(fast.value < fast.stop);
}
