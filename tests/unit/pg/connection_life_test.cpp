#include "pg/connection_life.hpp"

#include <map>
#include <string>

#include <catch2/catch.hpp>

namespace backfill::pg {

namespace {

using namespace std::chrono_literals;

Error error_of(ErrorClass kind, std::string sqlstate = {}) {
  Error error;
  error.kind = kind;
  error.sqlstate = std::move(sqlstate);
  error.message = "no";
  return error;
}

const Error transient = error_of(ErrorClass::reconnect);
const Error hopeless = error_of(ErrorClass::fatal, "28P01");

std::string name_of(const LifeAction& action) {
  struct Namer {
    std::string operator()(const life::Connect&) const { return "connect"; }
    std::string operator()(const life::Rest&) const { return "rest"; }
    std::string operator()(const life::Offer&) const { return "offer"; }
    std::string operator()(const life::Close&) const { return "close"; }
    std::string operator()(const life::GiveUp&) const { return "give_up"; }
  };
  return std::visit(Namer{}, action);
}

std::string names_of(const LifeActions& actions) {
  std::string names;
  for (const LifeAction& action : actions) names += (names.empty() ? "" : " ") + name_of(action);
  return names;
}

Duration rest_of(const LifeActions& actions) {
  for (const LifeAction& action : actions) {
    if (const auto* rest = std::get_if<life::Rest>(&action)) return rest->time;
  }
  FAIL("no rest in " << names_of(actions));
  return {};
}

const std::vector<std::pair<std::string, LifeEvent>> events{
    {"wanted", life::Wanted{}},
    {"connected", life::Connected{}},
    {"connect_failed", life::ConnectFailed{transient}},
    {"connect_hopeless", life::ConnectFailed{hopeless}},
    {"leased", life::Leased{}},
    {"returned", life::Returned{true}},
    {"returned_lost", life::Returned{false}},
    {"lost_idle", life::LostIdle{}},
    {"rest_over", life::RestOver{}},
    {"retire", life::Retire{}},
};

/// A life brought into a state by the shortest way; "served" has been leased and come back.
ConnectionLife in(const std::string& state) {
  static const std::map<std::string, std::vector<LifeEvent>> ways{
      {"disconnected", {}},
      {"connecting", {life::Wanted{}}},
      {"idle", {life::Wanted{}, life::Connected{}}},
      {"idle, served", {life::Wanted{}, life::Connected{}, life::Leased{}, life::Returned{true}}},
      {"busy", {life::Wanted{}, life::Connected{}, life::Leased{}}},
      {"busy, retiring", {life::Wanted{}, life::Connected{}, life::Leased{}, life::Retire{}}},
      {"resting", {life::Wanted{}, life::ConnectFailed{transient}}},
      {"retired", {life::Retire{}}},
      {"given_up", {life::Wanted{}, life::ConnectFailed{hopeless}}},
  };
  ConnectionLife life(LifeLimits{}, 1);
  for (const LifeEvent& event : ways.at(state)) (void)life.on(event, Instant{});
  return life;
}

struct Transition {
  LifeState to;
  std::string actions;
};

}  // namespace

TEST_CASE("every_event_in_every_state_does_what_the_table_says") {
  using S = LifeState;
  // Whatever is not listed changes nothing and asks for nothing.
  const std::map<std::pair<std::string, std::string>, Transition> table{
      {{"disconnected", "wanted"}, {S::connecting, "connect"}},
      {{"disconnected", "retire"}, {S::retired, ""}},
      {{"connecting", "connected"}, {S::idle, "offer"}},
      {{"connecting", "connect_failed"}, {S::resting, "rest"}},
      {{"connecting", "connect_hopeless"}, {S::given_up, "give_up"}},
      {{"connecting", "retire"}, {S::retired, "close"}},
      {{"idle", "leased"}, {S::busy, ""}},
      {{"idle", "lost_idle"}, {S::resting, "close rest"}},
      {{"idle", "retire"}, {S::retired, "close"}},
      {{"idle, served", "leased"}, {S::busy, ""}},
      {{"idle, served", "lost_idle"}, {S::connecting, "close connect"}},
      {{"idle, served", "retire"}, {S::retired, "close"}},
      {{"busy", "returned"}, {S::idle, "offer"}},
      {{"busy", "returned_lost"}, {S::resting, "close rest"}},
      {{"busy", "retire"}, {S::busy, ""}},
      {{"busy, retiring", "returned"}, {S::retired, "close"}},
      {{"busy, retiring", "returned_lost"}, {S::retired, "close"}},
      {{"resting", "rest_over"}, {S::connecting, "connect"}},
      {{"resting", "retire"}, {S::retired, "close"}},
      {{"retired", "connected"}, {S::retired, "close"}},
      {{"given_up", "connected"}, {S::given_up, "close"}},
  };
  std::size_t listed = 0;
  for (const char* state : {"disconnected", "connecting", "idle", "idle, served", "busy",
                            "busy, retiring", "resting", "retired", "given_up"}) {
    for (const auto& [event_name, event] : events) {
      ConnectionLife life = in(state);
      const LifeState before = life.state();
      const auto actions = life.on(event, Instant{} + 1ms);
      const auto expected = table.find({state, event_name});
      INFO(state << " on " << event_name);
      listed += expected != table.end() ? 1 : 0;
      CHECK(life.state() == (expected == table.end() ? before : expected->second.to));
      CHECK(names_of(actions) == (expected == table.end() ? "" : expected->second.actions));
    }
  }
  CHECK(listed == table.size());
}

TEST_CASE("a_connection_that_has_served_is_replaced_at_once") {
  ConnectionLife life = in("idle, served");
  (void)life.on(life::Leased{}, Instant{});
  CHECK(names_of(life.on(life::Returned{false}, Instant{})) == "close connect");
}

TEST_CASE("rests_double_from_100_ms_to_5_s_and_keep_at_least_half_under_jitter") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    ConnectionLife life(LifeLimits{}, seed);
    (void)life.on(life::Wanted{}, Instant{});
    for (const Duration ceiling : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms}) {
      const Duration rest = rest_of(life.on(life::ConnectFailed{transient}, Instant{}));
      CHECK(rest >= ceiling / 2);
      CHECK(rest <= ceiling);
      (void)life.on(life::RestOver{}, Instant{});
    }
  }
}

TEST_CASE("two_places_of_a_pool_do_not_rest_in_step") {
  ConnectionLife one(LifeLimits{}, 1);
  ConnectionLife other(LifeLimits{}, 2);
  for (ConnectionLife* life : {&one, &other}) (void)life->on(life::Wanted{}, Instant{});
  CHECK(rest_of(one.on(life::ConnectFailed{transient}, Instant{})) !=
        rest_of(other.on(life::ConnectFailed{transient}, Instant{})));
}

TEST_CASE("an_outage_ends_exactly_at_its_limit_with_the_last_error") {
  LifeLimits limits;
  limits.outage_max = 30s;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    ConnectionLife life(limits, seed);
    const Instant start = Instant{} + 1h;
    Instant now = start;
    (void)life.on(life::Wanted{}, now);
    Error last = transient;
    int attempts = 0;
    while (life.state() != LifeState::given_up) {
      last.message = "attempt " + std::to_string(++attempts);
      const auto actions = life.on(life::ConnectFailed{last}, now);
      REQUIRE(actions.size() == 1);
      if (life.state() == LifeState::given_up) {
        CHECK(std::get<life::GiveUp>(actions[0]).error == last);
        break;
      }
      now += rest_of(actions);
      (void)life.on(life::RestOver{}, now);
      REQUIRE(attempts < 100);
    }
    CHECK(now == start + limits.outage_max);
    CHECK(life.trouble() == last);
  }
}

TEST_CASE("service_between_two_outages_starts_the_count_anew") {
  LifeLimits limits;
  limits.outage_max = 1s;
  ConnectionLife life(limits, 7);
  Instant now{};
  for (int outage = 0; outage < 5; ++outage) {
    (void)life.on(life::Wanted{}, now);
    const Duration rest = rest_of(life.on(life::ConnectFailed{transient}, now));
    CHECK(rest <= limits.backoff_base);
    CHECK(life.trouble() == transient);
    now += 900ms;
    (void)life.on(life::RestOver{}, now);
    CHECK(names_of(life.on(life::Connected{}, now)) == "offer");
    CHECK_FALSE(life.trouble());
    (void)life.on(life::Leased{}, now);
    (void)life.on(life::Returned{true}, now);
    CHECK(names_of(life.on(life::LostIdle{}, now)) == "close connect");
  }
}

TEST_CASE("a_server_that_accepts_and_drops_is_an_outage_too") {
  LifeLimits limits;
  limits.outage_max = 10s;
  ConnectionLife life(limits, 3);
  Instant now{};
  (void)life.on(life::Wanted{}, now);
  for (int round = 0; life.state() != LifeState::given_up; ++round) {
    REQUIRE(round < 100);
    (void)life.on(life::Connected{}, now);
    (void)life.on(life::Leased{}, now);
    const auto actions = life.on(life::Returned{false}, now);
    if (life.state() == LifeState::given_up) {
      CHECK(names_of(actions) == "close give_up");
      break;
    }
    now += rest_of(actions);
    (void)life.on(life::RestOver{}, now);
  }
  CHECK(now == Instant{} + limits.outage_max);
}

TEST_CASE("a_read_only_server_is_hopeless_at_first_and_a_fail_over_later") {
  const life::ConnectFailed standby{error_of(ErrorClass::fatal, "25006")};
  ConnectionLife first(LifeLimits{}, 1);
  (void)first.on(life::Wanted{}, Instant{});
  CHECK(names_of(first.on(standby, Instant{})) == "give_up");
  ConnectionLife later = in("idle, served");
  (void)later.on(life::LostIdle{}, Instant{});
  CHECK(names_of(later.on(standby, Instant{})) == "rest");
}

}  // namespace backfill::pg
