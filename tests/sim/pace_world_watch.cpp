#include <algorithm>
#include <utility>

#include "sim/pace_world.hpp"
#include "sim/violation.hpp"

/// The interpreter's reading of signals, as the monitor of the real one does it: each on its own
/// beat, and a decision after each reading and ten times a second.
namespace backfill::sim::pace {

using namespace std::chrono_literals;

namespace {

constexpr Duration lag_interval = 250ms;
constexpr Duration level_within = 50ms;
constexpr Duration looks_apart = 2 * lag_interval;
/// Longer than any memory that an estimate has.
constexpr Duration level_long = 6s;
constexpr Duration query_interval = 500ms;
constexpr Duration company_interval = 500ms;
constexpr Duration after_failed_look = 250ms;
constexpr Duration read_deadline = 3s;
/// A position is younger than it seems by the time between two readings at most; what is written
/// between two of them counts as evenly written, but for no longer than half a second.
constexpr Duration estimate_tolerance = 500ms;
constexpr const char* absence_prefix = "replica_gone:";

}  // namespace

Instant World::clock() const {
  return timeline_.now() + (planted_ == Planted::wall_clock_is_used ? wall_offset_ : Duration{});
}

/// For one answer; some are late, or come after their deadline.
Duration World::trip() {
  if (!dice_.chance(faults_.reading_late)) return trip_;
  return dice_.log_duration(trip_, read_deadline);
}

// ---- the lag ---------------------------------------------------------------------------------

void World::read_lag() {
  const Instant asked_at = timeline_.now();
  const Duration all = trip();
  if (asked_at < lag_silent_until_) {
    later(dice_.chance(0.5) ? trip_ : read_deadline, [this] {
      lag_failed();
      later(lag_interval, [this] { read_lag(); });
    });
    return;
  }
  // Somewhere on the way the server looks.
  const Duration before = all * dice_.between(1, 9) / 10;
  later(before, [this, asked_at, all, before] {
    LagSnapshot snapshot = look_at_standbys(asked_at);
    later(all - before, [this, asked_at, snapshot = std::move(snapshot)] {
      lag_known(snapshot, asked_at);
      const Instant due = asked_at + lag_interval;
      later(std::max<Duration>(due - timeline_.now(), 10ms), [this] { read_lag(); });
    });
  });
}

World::LagSnapshot World::look_at_standbys(Instant asked_at) {
  const Instant now = timeline_.now();
  LagSnapshot snapshot;
  snapshot.old = now - asked_at;
  const double end = std::floor(server_.wal().at(now) + 0.01);
  snapshot.primary = WalPosition(static_cast<std::int64_t>(end));
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    ReplicationReading reading;
    reading.slot = member.slot;
    if (!member.standby.connected()) {
      if (member.slot.empty()) continue;
      reading.retained = ByteCount(1);
      reading.wal_status = "reserved";
      snapshot.readings.push_back(reading);
      continue;
    }
    const Standby::Shown shown = member.standby.shown(now);
    reading.application_name = "standby" + std::to_string(i);
    reading.address = "10.0.0." + std::to_string(i);
    reading.connected = true;
    reading.replayed = WalPosition(static_cast<std::int64_t>(shown.replayed));
    reading.received = WalPosition(static_cast<std::int64_t>(shown.received));
    reading.replay_lag = shown.replay_lag;
    // The server subtracts the standby's clock from its own.
    reading.reply_age = std::max(shown.reply_age - member.clock_ahead, Duration{});
    if (planted_ == Planted::reply_time_alone_is_believed) reading.received = WalPosition(0);
    if (planted_ == Planted::replay_lag_alone_is_believed) reading.replayed = snapshot.primary;
    snapshot.readings.push_back(reading);
    // What it has applied in truth may be more than a frozen receiver has told.
    const double applied = member.standby.applied(now);
    const Duration lag = applied >= end ? Duration{} : now - server_.wal().passed(applied + 1, now);
    const bool level = lag <= level_within && member.standby.receives();
    // Nobody knows what it was between two looks that lie far apart.
    const bool unbroken = now - std::exchange(member.looked_at, now) <= looks_apart;
    if (!level || !unbroken) member.level_since.reset();
    if (level && !member.level_since) member.level_since = now;
    snapshot.truths.push_back({i, lag, level ? now - *member.level_since : Duration{}});
  }
  return snapshot;
}

void World::lag_known(const LagSnapshot& snapshot, Instant asked_at) {
  // As of the moment of asking: whatever was true later is no older than that.
  Instant at = asked_at;
  if (planted_ == Planted::wall_clock_is_used) at = clock();
  if (planted_ == Planted::reading_counts_from_arrival) at = timeline_.now();
  const Result<StandbyRoster::Report> report =
      roster_->on_reading(snapshot.readings, snapshot.primary, at);
  require(report.has_value(), "a reading was refused");
  membership(snapshot, asked_at);
  if (!first_read_at_) first_read_at_ = asked_at;
  last_lag_signals_ = report->signals;
  Signal heard;
  heard.name = "replica_lag";
  heard.slow = 1;
  heard.stop = 1;
  heard.taken_at = asked_at;
  last_lag_signals_.push_back(heard);
  for (const Signal& signal : last_lag_signals_) publish(signal);
  for (const std::string& name : report->ended) {
    throttle_->forget(name);
    oracle_->no_more(name);
  }
  for (const LagSnapshot::Truth& truth : snapshot.truths) {
    const Member& member = members_[truth.member];
    if (member.ignored) continue;
    const std::string name = "replica_lag:" + member.name;
    const auto signal = std::ranges::find(last_lag_signals_, name, &Signal::name);
    require(signal != last_lag_signals_.end(), "a standby is not watched");
    // What was written before this run began has no age that it could know.
    const Duration knowable = std::min(truth.lag, asked_at - *first_read_at_);
    Oracle::estimated(signal->value, knowable, estimate_tolerance + snapshot.old);
    if (truth.level_for >= level_long) Oracle::level(signal->value, snapshot.old);
  }
  decide();
}

void World::membership(const LagSnapshot& snapshot, Instant asked_at) {
  std::set<std::size_t> there;
  for (const LagSnapshot::Truth& truth : snapshot.truths) {
    if (members_[truth.member].ignored) continue;
    there.insert(truth.member);
    joined_.insert(truth.member);
  }
  for (const std::size_t i : joined_) {
    if (there.contains(i)) {
      oracle_->present(members_[i].name);
    } else {
      oracle_->missing(members_[i].name, asked_at, absence_max_);
    }
  }
}

void World::publish(const Signal& signal) {
  if (planted_ == Planted::gone_standby_is_forgotten && signal.name.starts_with(absence_prefix)) {
    return;
  }
  oracle_->heard(signal);
  throttle_->on_signal(signal);
}

void World::lag_failed() {
  if (planted_ == Planted::failure_republishes_last_reading) {
    for (Signal& signal : last_lag_signals_) {
      signal.taken_at = timeline_.now();
      throttle_->on_signal(signal);
    }
  } else {
    throttle_->on_failure("replica_lag", "the server does not answer");
  }
  decide();
}

// ---- who waits -------------------------------------------------------------------------------

void World::look_for_waiters() {
  const Instant asked_at = timeline_.now();
  const Duration all = trip();
  if (asked_at < watch_silent_until_) {
    later(dice_.chance(0.5) ? trip_ : read_deadline, [this] {
      throttle_->on_failure("lock_wait", "the server does not answer");
      later(after_failed_look, [this] { look_for_waiters(); });
    });
    return;
  }
  const Duration before = all * dice_.between(1, 9) / 10;
  later(before, [this, asked_at, all, before] {
    std::vector<LockWait> waits;
    for (const Waiter& waiter : waiters_) {
      waits.push_back({waiter.pid, lane(waiter.slot).backend_pid});
    }
    later(all - before, [this, asked_at, waits = std::move(waits)] {
      waiters_known(waits, {asked_at, timeline_.now()});
      later(lock_waits_->beat(), [this] { look_for_waiters(); });
    });
  });
}

/// How long in all the looks have kept those who wait from being seen, up to now: what is later
/// than the answer before made one expect.
Duration World::blind() const {
  if (!last_look_) return blind_;
  const Duration took = last_look_->answered_at - last_look_->asked_at;
  const Instant expected = last_look_->answered_at + lock_waits_->beat() + took;
  return blind_ + std::max(timeline_.now() - expected, Duration::zero());
}

void World::waiters_known(const std::vector<LockWait>& waits, LookTimes look) {
  blind_ = blind();
  last_look_ = look;
  look_longest_ = std::max(look_longest_, look.answered_at - look.asked_at);
  Signal looked;
  looked.name = "lock_wait";
  looked.slow = 1;
  looked.stop = 1;
  looked.taken_at = look.answered_at;
  publish(looked);
  for (const LockWaitRule::Overdue& overdue : lock_waits_->on_look(waits, look)) {
    const auto found = std::ranges::find(lanes_, overdue.wait.blocker_pid, &Lane::backend_pid);
    require(found != lanes_.end(), "a wait for nobody");
    // The batch of then may have ended, and another one have begun.
    const bool stale = !found->work || found->began > look.asked_at;
    if (stale && planted_ != Planted::stale_news_cancel_the_next_batch) continue;
    deliver(WaiterSeen{SlotId{static_cast<int>(found - lanes_.begin())}, "a session"});
  }
}

void World::release_waiters(SlotId slot) {
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (waiter.slot != slot) return false;
    const Duration blind_for = blind() - waiter.blind;
    if (blind_for > 0ms) coverage_.add(Seen::waited_in_blindness);
    // No look can be quicker than two beats; a lost cancel request is repeated soon.
    const Duration limit = std::max(waiter.limit, lock_waits_->beat() + 2 * look_longest_);
    const Duration cancelling = 20ms + lane(slot).cancels_lost * (201ms + lock_waits_->beat());
    Oracle::waited(timeline_.now() - waiter.since, limit + blind_for + cancelling);
    return true;
  });
}

// ---- the rest --------------------------------------------------------------------------------

void World::read_query() {
  if (!with_query_) return;
  const bool silent = timeline_.now() < query_silent_until_;
  later(trip(), [this, silent] {
    if (silent) {
      throttle_->on_failure("query", "the server does not answer");
    } else {
      Signal signal;
      signal.name = "query";
      signal.value = query_value_;
      signal.slow = 10;
      signal.stop = 20;
      signal.taken_at = timeline_.now();
      if (query_value_ >= 20) coverage_.add(Seen::stopped_by_query);
      publish(signal);
    }
    decide();
    later(query_interval, [this] { read_query(); });
  });
}

void World::read_company() {
  deliver(CompanySeen{server_.others_active() > 0, server_.others_active(), server_.cpus()});
  later(company_interval, [this] { read_company(); });
}

void World::beat() {
  decide();
  later(Oracle::beat, [this] { beat(); });
}

void World::decide() {
  if (!engine_) return;
  const Instant now = timeline_.now();
  const std::optional<PaceChanged> told = throttle_->decide(clock());
  const std::optional<std::string> end = throttle_->end_request(clock());
  const bool ask = end && !end_asked_ && planted_ != Planted::end_request_is_dropped;
  end_asked_ = end_asked_ || ask;
  oracle_->decided(now, throttle_->pace(), end_asked_);
  if (told) {
    if (told->stopped) {
      const std::string& why = oracle_->limiting();
      if (why.starts_with(absence_prefix)) coverage_.add(Seen::stopped_by_absence);
      if (why.starts_with("replica_lag:")) coverage_.add(Seen::stopped_by_lag);
      if (told->reason.starts_with("no reading")) coverage_.add(Seen::stopped_by_silence);
    } else if (told->fraction < 1) {
      coverage_.add(Seen::slowed);
    }
    PaceChanged pace = *told;
    if (planted_ == Planted::rest_is_not_kept && !pace.stopped) pace.fraction = 1;
    deliver(pace);
  }
  if (ask) deliver(StopRequested{false, *end});
}

}  // namespace backfill::sim::pace
