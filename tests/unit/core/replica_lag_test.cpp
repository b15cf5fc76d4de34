#include "core/replica_lag.hpp"

#include <catch2/catch.hpp>

using namespace backfill;
using namespace std::chrono_literals;

namespace {

const Instant start{Duration(1h)};
constexpr std::int64_t rate = 10'000'000;  // bytes of WAL a second

WalPosition written(Duration since_start) {
  return WalPosition(rate * since_start.count() / 1'000'000);
}

/// Twice a second, a primary that writes evenly and a standby that has replayed up to `replayed`.
StandbyReading reading(Duration at, std::optional<Duration> replayed) {
  StandbyReading result;
  result.at = start + at;
  result.primary = written(at);
  if (replayed) result.replayed = written(*replayed);
  result.received = result.primary;
  result.reply_age = 100ms;
  return result;
}

/// One standby, and the history of its primary.
struct Watched {
  LagEstimate on_reading(const StandbyReading& seen, Duration answers_within) {
    history.add(seen.primary, seen.at);
    return lag.on_reading(seen, history, answers_within);
  }
  WalHistory history;
  ReplicaLag lag;
};

double ms(Duration duration) {
  return static_cast<double>(duration.count()) / 1e3;
}

}  // namespace

TEST_CASE("without_samples_a_position_has_no_age") {
  CHECK_FALSE(WalHistory().age_of(WalPosition(1), start).has_value());
}

TEST_CASE("the_age_of_a_position_is_interpolated_between_samples") {
  WalHistory history;
  history.add(WalPosition(1000), start);
  history.add(WalPosition(2000), start + 500ms);
  history.add(WalPosition(2000), start + 2s);
  CHECK(history.age_of(WalPosition(2000), start + 3s)->age == Duration::zero());
  CHECK(history.age_of(WalPosition(9000), start + 3s)->age == Duration::zero());
  CHECK(history.age_of(WalPosition(1500), start + 3s)->age == Duration(2750ms));
  CHECK_FALSE(history.age_of(WalPosition(1500), start + 3s)->at_least);
  CHECK(history.age_of(WalPosition(1000), start + 3s)->age == Duration(3s));
  CHECK(history.age_of(WalPosition(10), start + 3s)->age == Duration(3s));
  CHECK(history.age_of(WalPosition(10), start + 3s)->at_least);
}

TEST_CASE("wal_written_after_an_idle_hour_is_as_old_as_its_writing_and_not_as_the_hour") {
  WalHistory history;
  for (int i = 0; i <= 7200; ++i) history.add(WalPosition(1000), start + i * Duration(500ms));
  CHECK(history.size() == 2);
  history.add(WalPosition(2000), start + 1h + 500ms);
  CHECK(history.age_of(WalPosition(1000), start + 1h + 500ms)->age == Duration(500ms));
}

TEST_CASE("what_was_written_in_a_long_gap_between_samples_may_be_as_old_as_the_gap") {
  WalHistory history;
  history.add(WalPosition(1000), start);
  history.add(WalPosition(2000), start + 5s);
  CHECK(history.age_of(WalPosition(1000), start + 5s)->age == Duration(5s));
  CHECK(history.age_of(WalPosition(1999), start + 5s)->age >= Duration(4500ms));
  CHECK(history.age_of(WalPosition(2000), start + 5s)->age == Duration::zero());
}

TEST_CASE("a_position_that_goes_back_begins_the_history_anew") {
  WalHistory history;
  history.add(WalPosition(5000), start);
  history.add(WalPosition(100), start + 1s);
  CHECK(history.size() == 1);
  CHECK(history.age_of(WalPosition(100), start + 1s)->age == Duration::zero());
}

TEST_CASE("the_history_is_bounded_and_still_reaches_back_for_hours") {
  WalHistory history;
  const auto end = Duration(4h);
  for (Duration at{}; at <= end; at += 500ms) history.add(written(at), start + at);
  CHECK(history.size() <= 1024);
  const auto recent = history.age_of(written(end - 5s), start + end);
  CHECK(ms(recent->age) == Approx(5000));
  const auto old = history.age_of(written(end - 3h), start + end);
  CHECK(ms(old->age) == Approx(3 * 3600e3).epsilon(0.01));
}

TEST_CASE("a_standby_that_keeps_up_has_no_lag_beyond_its_own") {
  Watched lag;
  for (Duration at{}; at <= 60s; at += 500ms) {
    const auto estimate = lag.on_reading(reading(at, at > 2ms ? at - 2ms : 0ms), 1s);
    CHECK(estimate.lag <= Duration(2ms));
  }
}

TEST_CASE("a_standby_that_has_replayed_all_is_healthy_without_a_replay_lag") {
  Watched lag;
  for (Duration at{}; at <= 10s; at += 500ms) {
    const auto estimate = lag.on_reading(reading(at, at), 1s);
    CHECK(estimate.lag == Duration::zero());
    CHECK(estimate.basis == LagBasis::none);
    CHECK(estimate.bytes == ByteCount(0));
  }
}

TEST_CASE("paused_replay_shows_at_once_although_the_reported_lag_stands_still") {
  Watched lag;
  LagEstimate estimate;
  for (Duration at{}; at <= 20s; at += 500ms) {
    auto now = reading(at, std::min<Duration>(at, 10s));
    now.replay_lag = 30ms;
    estimate = lag.on_reading(now, 1s);
    if (at > Duration(10s)) CHECK(ms(estimate.lag) == Approx(ms(at - 10s)));
  }
  CHECK(estimate.basis == LagBasis::position_age);
  CHECK(estimate.bytes == ByteCount(10 * rate));
}

TEST_CASE("a_reported_lag_is_stale_once_nothing_is_left_to_replay") {
  Watched lag;
  auto now = reading(1s, 1s);
  now.replay_lag = 8s;
  CHECK(lag.on_reading(now, 1s).lag == Duration::zero());
  now = reading(2s, 1900ms);
  now.replay_lag = 8s;
  CHECK(lag.on_reading(now, 1s).lag == Duration(8s));
  CHECK(lag.on_reading(now, 1s).basis == LagBasis::replay_lag);
}

TEST_CASE("a_frozen_receiver_lags_although_every_lag_column_is_null") {
  Watched lag;
  LagEstimate estimate;
  for (Duration at{}; at <= 30s; at += 500ms) {
    auto now = reading(at, std::min<Duration>(at, 10s));
    now.reply_age = at > Duration(10s) ? at - 10s : 0s;
    now.received = now.replayed;
    estimate = lag.on_reading(now, 1s);
  }
  CHECK(ms(estimate.lag) == Approx(20'000));
  CHECK(estimate.basis == LagBasis::reply_age);
}

TEST_CASE("beside_an_idle_primary_a_silent_standby_does_not_lag") {
  Watched lag;
  auto now = reading(1s, 1s);
  (void)lag.on_reading(now, 1s);
  for (const Duration silence : {19s, 60s, 3600s}) {
    now.at = start + 1s + silence;
    now.reply_age = silence;
    const auto estimate = lag.on_reading(now, 1s);
    CHECK(estimate.lag == Duration::zero());
    CHECK(estimate.basis == LagBasis::none);
  }
}

TEST_CASE("a_receiver_frozen_while_idle_lags_by_its_silence_once_it_owes_an_answer") {
  Watched lag;
  auto before = reading(100s, 100s);
  before.reply_age = 40s;
  CHECK(lag.on_reading(before, 1s).lag == Duration::zero());
  for (Duration at = 100s + 500ms; at <= 102s; at += 500ms) {
    auto now = reading(at, 100s);
    now.received = before.received;
    now.reply_age = at - 60s;
    const auto estimate = lag.on_reading(now, 1s);
    const bool owes_an_answer = at > Duration(101s);
    CHECK(estimate.lag == (owes_an_answer ? at - 60s : at - 100s));
    CHECK((estimate.basis == LagBasis::reply_age) == owes_an_answer);
  }
}

TEST_CASE("a_receiver_that_answers_slowly_for_all_it_gets_is_not_stuck") {
  Watched lag;
  for (Duration at{}; at <= 30s; at += 500ms) {
    auto now = reading(at, at > 8s ? at - 8s : 0s);
    now.received = now.replayed;
    now.reply_age = 200ms;
    CHECK(lag.on_reading(now, 1s).basis != LagBasis::reply_age);
  }
}

TEST_CASE("a_replay_that_is_paused_behind_a_receiver_with_seldom_replies_is_not_stuck") {
  Watched lag;
  for (Duration at = 10s; at <= 70s; at += 500ms) {
    // The primary has written nothing since 10 s, and all of it has been received.
    auto now = reading(at, 9s);
    now.primary = written(10s);
    now.received = now.primary;
    now.reply_age = at - 10s;
    CHECK(lag.on_reading(now, 1s).basis != LagBasis::reply_age);
  }
}

TEST_CASE("a_standby_that_never_says_how_far_it_is_is_never_healthy") {
  Watched lag;
  auto estimate = lag.on_reading(reading(1s, std::nullopt), 1s);
  CHECK(estimate.basis == LagBasis::no_replay_position);
  CHECK(estimate.at_least);
  CHECK_FALSE(estimate.bytes.has_value());
  estimate = lag.on_reading(reading(7s, std::nullopt), 1s);
  CHECK(estimate.lag == Duration(6s));
  estimate = lag.on_reading(reading(8s, 8s), 1s);
  CHECK(estimate.lag == Duration::zero());
  CHECK(estimate.basis == LagBasis::none);
}

TEST_CASE("a_position_that_is_no_longer_shown_goes_on_ageing") {
  Watched lag;
  (void)lag.on_reading(reading(1s, 1s), 1s);
  (void)lag.on_reading(reading(2s, std::nullopt), 1s);
  const auto estimate = lag.on_reading(reading(9s, std::nullopt), 1s);
  CHECK(estimate.lag == Duration(8s));
  CHECK(estimate.basis == LagBasis::no_replay_position);
}

TEST_CASE("a_standby_far_behind_at_the_first_look_lags_by_at_least_the_time_watched") {
  Watched lag;
  LagEstimate estimate;
  for (Duration at = 100s; at <= 110s; at += 500ms) estimate = lag.on_reading(reading(at, 5s), 1s);
  CHECK(estimate.lag == Duration(10s));
  CHECK(estimate.at_least);
}

TEST_CASE("the_names_of_the_bases_are_frozen") {
  CHECK(to_string(LagBasis::none) == "none");
  CHECK(to_string(LagBasis::position_age) == "position_age");
  CHECK(to_string(LagBasis::replay_lag) == "replay_lag");
  CHECK(to_string(LagBasis::reply_age) == "reply_age");
  CHECK(to_string(LagBasis::no_replay_position) == "no_replay_position");
}
