#include "core/lock_wait_rule.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;
using namespace std::chrono_literals;

namespace {

const Instant start{Duration(1h)};
constexpr Duration limit = 250ms;
constexpr Duration trip = 2ms;
const LockWait waiter{101, 7};

/// Looks that come in time, with the next answer at `now`.
struct Watch {
  explicit Watch(Duration of = limit) : rule(of) {}

  std::vector<LockWaitRule::Overdue> look(const std::vector<LockWait>& waits) {
    const Instant asked_at = now;
    now += trip;
    std::vector<LockWaitRule::Overdue> overdue = rule.on_look(waits, {asked_at, now});
    now += rule.beat();
    return overdue;
  }

  LockWaitRule rule;
  Instant now = start;
};

}  // namespace

TEST_CASE("a_waiter_is_let_through_before_the_limit_is_reached") {
  Watch watch;
  CHECK(watch.look({}).empty());
  // It came right after that look was sent.
  const Instant began = start;
  Instant told{};
  for (int i = 0; i < 10 && told == Instant{}; ++i) {
    const auto overdue = watch.look({waiter});
    if (overdue.empty()) continue;
    REQUIRE(overdue.size() == 1);
    CHECK(overdue.front().wait == waiter);
    told = watch.now - watch.rule.beat();
  }
  REQUIRE(told != Instant{});
  CHECK(told - began <= limit);
  // And not long before it had to be.
  CHECK(told - began + watch.rule.beat() + trip >= limit);
}

TEST_CASE("a_short_wait_disturbs_nobody") {
  Watch watch;
  CHECK(watch.look({}).empty());
  for (int i = 0; i < 100; ++i) {
    CHECK(watch.look({waiter}).empty());
    CHECK(watch.look({waiter}).empty());
    CHECK(watch.look({}).empty());
  }
}

TEST_CASE("a_wait_first_seen_after_late_looks_counts_from_the_last_one_that_was_answered") {
  Watch watch;
  CHECK(watch.look({}).empty());
  watch.now += 400ms;  // looks failed meanwhile
  const auto overdue = watch.look({waiter});
  REQUIRE(overdue.size() == 1);
  CHECK(overdue.front().seen == Duration::zero());
}

TEST_CASE("an_answer_that_came_late_is_expected_to_come_late_again") {
  LockWaitRule rule(limit);
  CHECK(rule.on_look({}, {start, start + trip}).empty());
  const Instant asked = start + rule.beat();
  CHECK(LockWaitRule(rule).on_look({waiter}, {asked, asked + trip}).empty());
  CHECK(rule.on_look({waiter}, {asked, asked + 80ms}).size() == 1);
}

TEST_CASE("each_session_has_its_own_wait_and_one_that_waits_for_two_batches_names_both") {
  Watch watch;
  const LockWait other{102, 8};
  const LockWait twice{101, 8};
  CHECK(watch.look({}).empty());
  CHECK(watch.look({waiter}).empty());
  CHECK(watch.look({waiter}).empty());
  CHECK(watch.look({waiter, other}).empty());
  const auto overdue = watch.look({waiter, twice, other});
  REQUIRE(overdue.size() == 2);
  CHECK(overdue[0].wait == waiter);
  CHECK(overdue[1].wait == twice);
  CHECK(overdue[0].seen == 3 * (watch.rule.beat() + trip));
}

TEST_CASE("a_lower_limit_counts_for_waits_that_are_under_way") {
  Watch watch(10s);
  CHECK(watch.look({}).empty());
  for (int i = 0; i < 3; ++i) CHECK(watch.look({waiter}).empty());
  watch.rule.set(limit);
  CHECK(watch.look({waiter}).size() == 1);
}

TEST_CASE("there_are_five_looks_within_the_limit_but_no_storm_of_them") {
  CHECK(LockWaitRule(250ms).beat() == 50ms);
  CHECK(LockWaitRule(1ms).beat() == 20ms);
  CHECK(LockWaitRule(1h).beat() == 100ms);
}

/// Whatever the looks are like, as long as none comes later than the one before made it expect.
TEST_CASE("nobody_waits_longer_than_the_limit_and_two_looks") {
  Random random(1);
  for (int round = 0; round < 2'000; ++round) {
    const Duration within{1'000 + static_cast<Duration::rep>(random.below(2'000'000))};
    Watch watch(within);
    static_cast<void>(watch.look({}));
    // After that look was sent, and before the next one is.
    const auto between = static_cast<std::uint64_t>((watch.rule.beat() + trip).count());
    const Instant came = watch.now - Duration(random.below(between));
    for (;;) {
      const bool waits = came < watch.now;
      const auto overdue = waits ? watch.look({waiter}) : watch.look({});
      if (overdue.empty()) continue;
      const Duration waited = watch.now - watch.rule.beat() - came;
      REQUIRE(waited <= std::max<Duration>(within, watch.rule.beat() + 2 * trip));
      break;
    }
  }
}
