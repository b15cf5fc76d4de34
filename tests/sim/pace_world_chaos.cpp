#include <algorithm>
#include <utility>

#include "sim/pace_world.hpp"

namespace backfill::sim::pace {

using namespace std::chrono_literals;

namespace {

constexpr Duration tick = 100ms;
constexpr int waiters_max = 40;

std::chrono::milliseconds draw_ms(Dice& dice, Duration low, Duration high) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(dice.log_duration(low, high));
}

}  // namespace

/// Standbys can follow the other sessions, and a part or a multiple of what we could write.
void World::draw_neighbours() {
  const double own = bytes_per_key_ / seconds_per_key_;
  others_usually_ = static_cast<int>(dice_.between(0, server_.cpus()));
  others_wal_rate_ = dice_.chance(0.3) ? 0 : own * dice_.log_uniform(0.01, 0.5);
  server_.set_others(others_usually_, others_wal_rate_);
  ReplicaLagSettings& lag = throttle_settings_.replica_lag;
  lag.slow = draw_ms(dice_, 200ms, 2s);
  lag.stop = std::chrono::milliseconds(lag.slow.count() * dice_.between(12, 60) / 10);
  throttle_settings_.lock_wait = draw_ms(dice_, 20ms, 1s);
  silence_.stop = dice_.log_duration(700ms, 5s);
  silence_.end = silence_.stop + dice_.log_duration(1s, 20s);
  absence_max_ = dice_.log_duration(1s, 20s);
  with_query_ = faults_.query_silent > 0 || faults_.query_value > 0;
  const std::int64_t count = dice_.between(0, 3);
  for (std::int64_t i = 0; i < count; ++i) {
    const bool delayed = dice_.chance(0.15);
    const double rate = 2.5 * others_wal_rate_ + own * dice_.log_uniform(0.3, 6);
    Member member{Standby(server_.wal(), rate, delayed ? Duration(30s) : Duration{}), {}, {}};
    member.usual_rate = rate;
    member.ignored = delayed;
    if (dice_.chance(0.5)) member.slot = "slot" + std::to_string(i);
    const std::string number = std::to_string(i);
    member.name = member.slot.empty() ? "standby" + number + "@10.0.0." + number : member.slot;
    if (delayed) lag.ignore.push_back(dice_.chance(0.5) ? member.name : "standby" + number);
    members_.push_back(std::move(member));
  }
}

void World::chaos() {
  if (calm_) return;
  disturb_standbys();
  disturb_signals();
  disturb_locks();
  disturb_operator();
  if (dice_.chance(faults_.burst)) burst();
  timeline_.after(tick, [this] { chaos(); });
}

void World::disturb_standbys() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    const Instant now = timeline_.now();
    const Duration lasts = dice_.log_duration(200ms, 10s);
    const bool spikes = dice_.chance(faults_.lag_spike);
    const bool freezes = !spikes && dice_.chance(faults_.freeze);
    const bool vanishes = !spikes && !freezes && dice_.chance(faults_.vanish);
    if ((!spikes && !freezes && !vanishes) || !member.standby.connected()) continue;
    const std::uint64_t trouble = ++member.trouble;
    if (spikes) {
      const double part = dice_.chance(0.4) ? 0 : dice_.log_uniform(0.01, 0.5);
      history_.add(now, "   {} applies {:.2f} of its rate", member.name, part);
      member.standby.set_apply_rate(member.usual_rate * part, now);
    } else if (freezes) {
      history_.add(now, "   the receiver of {} stands still", member.name);
      member.standby.freeze(now);
      coverage_.add(Seen::frozen_receiver);
    } else {
      history_.add(now, "   {} disconnects", member.name);
      member.standby.disconnect(now);
    }
    timeline_.after(lasts, [this, i, trouble] {
      Member& healed = members_[i];
      if (healed.trouble != trouble) return;
      history_.add(timeline_.now(), "   {} is well again", healed.name);
      healed.standby.set_apply_rate(healed.usual_rate, timeline_.now());
      healed.standby.thaw(timeline_.now());
      healed.standby.connect(timeline_.now());
    });
  }
}

void World::disturb_signals() {
  const auto silence = [this](double weight, Instant& until, const char* what) {
    if (!dice_.chance(weight)) return;
    until = timeline_.now() + dice_.log_duration(100ms, 15s);
    history_.add(timeline_.now(), "   {} cannot be read", what);
  };
  silence(faults_.lag_silent, lag_silent_until_, "the lag");
  silence(faults_.watch_silent, watch_silent_until_, "who waits");
  silence(faults_.query_silent, query_silent_until_, "the query");
  if (dice_.chance(faults_.query_value)) {
    query_value_ = static_cast<double>(dice_.between(0, 250)) / 10;
  }
}

void World::disturb_locks() {
  const std::vector<SlotId> running = server_.running();
  for (const SlotId slot : running) {
    if (dice_.chance(faults_.row_lock)) lock_row(slot);
    if (!dice_.chance(faults_.lock_storm)) continue;
    for (std::int64_t i = dice_.between(1, 3); i > 0; --i) {
      timeline_.after(Duration(dice_.between(0, 99'999)), [this, slot] { add_waiter(slot); });
    }
  }
}

void World::lock_row(SlotId slot) {
  const std::uint64_t serial = server_.serial(slot);
  const Duration held = dice_.log_duration(1ms, 5s);
  history_.add(timeline_.now(), "   slot {} wants a locked row", slot.value);
  server_.block(slot, true);
  if (held >= settings_.safety.lock_timeout) {
    timeline_.after(settings_.safety.lock_timeout,
                    [this, slot, serial] { server_.fail(slot, serial, "55P03"); });
    return;
  }
  timeline_.after(held, [this, slot, serial] {
    if (server_.serial(slot) == serial) server_.block(slot, false);
  });
}

void World::add_waiter(SlotId slot) {
  if (!engine_ || !server_.runs(slot) || waiters_.size() >= waiters_max) return;
  coverage_.add(Seen::waiter);
  const int pid = 1'000'000 + ++last_pid_;
  history_.add(timeline_.now(), "   session {} waits for slot {}", pid, slot.value);
  waiters_.push_back({pid, slot, timeline_.now(), throttle_settings_.lock_wait, blind()});
}

void World::disturb_operator() {
  if (dice_.chance(faults_.pause)) {
    paused_ = !paused_;
    coverage_.add(Seen::pause);
    history_.add(timeline_.now(), "   the operator {}", paused_ ? "pauses" : "resumes");
    if (engine_) {
      oracle_->paused(paused_);
      if (planted_ != Planted::pause_is_forgotten) {
        throttle_->pause(paused_ ? "paused by the operator" : "");
      }
      decide();
    }
  }
  if (dice_.chance(faults_.settings)) change_settings();
  if (dice_.chance(faults_.clock_jump)) {
    const Duration jump = dice_.log_duration(1s, 8h);
    wall_offset_ += dice_.chance(0.5) ? jump : -jump;
    coverage_.add(Seen::clock_jump);
    history_.add(timeline_.now(), "   the wall clock jumps");
  }
  if (dice_.chance(faults_.stop)) {
    cancelling_all_ = dice_.chance(0.3);
    deliver(StopRequested{cancelling_all_, "SIGINT"});
    cancelling_all_ = false;
  }
}

void World::change_settings() {
  settings_.pace.connections = static_cast<int>(dice_.between(1, 5));
  throttle_settings_.lock_wait = draw_ms(dice_, 20ms, 1s);
  for (Waiter& waiter : waiters_) {
    // Whoever waits already may have waited for as long as was allowed before.
    waiter.limit = std::max<Duration>(waiter.limit, throttle_settings_.lock_wait);
  }
  ReplicaLagSettings& lag = throttle_settings_.replica_lag;
  lag.slow = draw_ms(dice_, 200ms, 2s);
  lag.stop = std::chrono::milliseconds(lag.slow.count() * dice_.between(12, 60) / 10);
  if (!engine_) return;
  lock_waits_->set(throttle_settings_.lock_wait +
                   (planted_ == Planted::lock_watch_is_late ? 200ms : 0ms));
  roster_->set(lag);
  deliver(SettingsChanged{settings_.pace, settings_.safety});
}

/// Others do much more than usual, or nothing, for a while.
void World::burst() {
  const double factor = dice_.chance(0.3) ? 0 : dice_.log_uniform(1, 10);
  history_.add(timeline_.now(), "   others write {:.1f} times as much", factor);
  server_.set_others(static_cast<int>(dice_.between(0, server_.cpus())), others_wal_rate_ * factor);
  timeline_.after(dice_.log_duration(200ms, 5s),
                  [this] { server_.set_others(others_usually_, others_wal_rate_); });
}

/// From here on nothing goes wrong any more, and the job has to complete.
void World::calm_down() {
  const Instant now = timeline_.now();
  history_.add(now, "   the faults go off");
  faults_ = Faults{};
  calm_ = true;
  lag_silent_until_ = watch_silent_until_ = query_silent_until_ = {};
  query_value_ = 0;
  server_.set_others(others_usually_, others_wal_rate_);
  for (Member& member : members_) {
    ++member.trouble;
    member.standby.set_apply_rate(member.usual_rate, now);
    member.standby.thaw(now);
    member.standby.connect(now);
  }
  paused_ = false;
  if (!engine_) return;
  oracle_->paused(false);
  throttle_->pause("");
  decide();
}

}  // namespace backfill::sim::pace
