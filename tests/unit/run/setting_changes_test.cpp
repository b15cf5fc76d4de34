#include "run/setting_changes.hpp"

#include <catch2/catch.hpp>

using namespace backfill;
using namespace backfill::run;

namespace {

Wishes in_force() {
  Wishes wishes;
  wishes.settings = {{"pace.connections", "4", "1", "bob@host", "then"},
                     {"throttle.replica_lag.slow", "1s", {}, "", ""},
                     {"throttle.replica_lag.stop", "5s", "20s", "bob@host", "then"}};
  return wishes;
}

ControlRequest request(std::vector<std::pair<std::string, std::string>> settings) {
  ControlRequest made;
  made.kind = ControlRequest::Kind::set;
  made.settings = std::move(settings);
  return made;
}

using Changes = std::vector<Command::Change>;

std::string text_of(const Changes& changes) {
  std::string text;
  for (const Command::Change& change : changes) {
    text +=
        change.key + " " + change.before.value_or("-") + " " + change.after.value_or("-") + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a_change_names_the_value_in_force_and_the_new_one_as_the_file_would_have_it") {
  Changes changes;
  CHECK_FALSE(plan_changes(request({{"pace.connections", " 3 "}}), in_force(), &changes));
  CHECK(text_of(changes) == "pace.connections 1 3\n");
}

TEST_CASE("a_change_is_judged_against_what_is_in_force_not_against_the_defaults") {
  Changes changes;
  CHECK_FALSE(plan_changes(request({{"throttle.replica_lag.slow", "9s"}}), in_force(), &changes));
  Changes none;
  CHECK(plan_changes(request({{"throttle.replica_lag.slow", "20s"}}), in_force(), &none));
}

TEST_CASE("a_reset_goes_back_to_the_files_value_and_may_come_with_changes") {
  ControlRequest reset = request({{"throttle.replica_lag.slow", "4s"}});
  reset.reset = {"throttle.replica_lag.stop"};
  Changes changes;
  CHECK_FALSE(plan_changes(reset, in_force(), &changes));
  CHECK(text_of(changes) == "throttle.replica_lag.stop 20s -\nthrottle.replica_lag.slow 1s 4s\n");
  reset.settings = {{"throttle.replica_lag.slow", "9s"}};
  Changes none;
  CHECK(plan_changes(reset, in_force(), &none));
}

TEST_CASE("a_reset_of_everything_takes_back_what_was_set_and_nothing_else") {
  ControlRequest reset = request({});
  reset.reset_all = true;
  Changes changes;
  CHECK_FALSE(plan_changes(reset, in_force(), &changes));
  CHECK(text_of(changes) == "pace.connections 1 -\nthrottle.replica_lag.stop 20s -\n");
}

TEST_CASE("a_reset_of_an_unknown_key_is_refused") {
  ControlRequest reset = request({});
  reset.reset = {"pace.nonsense"};
  Changes changes;
  CHECK(plan_changes(reset, in_force(), &changes));
  reset.reset = {"throttle.replica_lag.slow"};
  CHECK_FALSE(plan_changes(reset, in_force(), &changes));
  CHECK(changes.empty());
}
