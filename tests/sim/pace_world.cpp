#include "sim/pace_world.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/sqlstate.hpp"
#include "sim/violation.hpp"

namespace backfill::sim::pace {

using namespace std::chrono_literals;

namespace {

constexpr int slots_max = 5;
constexpr int most_steps = 1'000'000;
/// A standby may have to catch up with minutes of bursts first.
constexpr Duration longest_calm = 40min;

std::int64_t number(const KeyValue& key) {
  return std::stoll(key.front());
}

KeyValue text(std::int64_t key) {
  return {std::to_string(key)};
}

Error error_of(const std::string& sqlstate) {
  Error error;
  error.kind = classify_sqlstate(sqlstate);
  error.sqlstate = sqlstate;
  error.message = "the server says so";
  return error;
}

}  // namespace

World::World(std::uint64_t seed, Planted planted, History& history)
    : dice_(seed),
      history_(history),
      planted_(planted),
      faults_(draw_faults(dice_)),
      server_(timeline_, static_cast<int>(dice_.between(1, 8))),
      trip_(dice_.log_duration(200us, 5ms)),
      lanes_(slots_max) {
  draw_settings();
  draw_neighbours();
  // By dice of their own: a world that was found without skewed clocks stays what it was.
  Dice clocks(seed ^ 0x736b6577);
  for (Member& member : members_) {
    if (!clocks.chance(0.4)) continue;
    const Duration skew = clocks.log_duration(100ms, 2h);
    member.clock_ahead = clocks.chance(0.5) ? skew : -skew;
    coverage_.add(Seen::skewed_clock);
  }
  calm_at_ = Instant{} + dice_.log_duration(1s, 12s);
}

World::World(std::uint64_t seed, const Steady& steady, History& history)
    : dice_(seed),
      history_(history),
      planted_(Planted::none),
      server_(timeline_, steady.cpus),
      trip_(1ms),
      lanes_(static_cast<std::size_t>(steady.connections)) {
  settings_.pace.connections = steady.connections;
  settings_.seed = dice_.seed();
  seconds_per_key_ = dice_.log_uniform(20e-6, 500e-6);
  seconds_per_batch_ = 1e-3;
  bytes_per_key_ = 500;
  noise_ = steady.noise;
  keys_ = static_cast<std::int64_t>(1e12);
}

Track World::run_steadily(Duration lasts) {
  begin_life();
  Track track;
  for (Instant second = timeline_.now(); second < Instant{} + lasts;) {
    require(timeline_.step(), "everything sleeps, and the job has not completed");
    if (timeline_.now() < second) continue;
    second += 1s;
    const SweepState state = engine_->state(timeline_.now());
    track.workers.push_back(state.slots_limit);
    track.batch_rows.push_back(state.batch_rows);
  }
  return track;
}

void World::draw_settings() {
  PaceSettings& pace = settings_.pace;
  pace.connections = static_cast<int>(dice_.between(1, slots_max));
  if (dice_.chance(0.9)) {
    pace.batch.target =
        std::chrono::duration_cast<std::chrono::milliseconds>(dice_.log_duration(30ms, 400ms));
  }
  seconds_per_key_ = dice_.log_uniform(30e-6, 3e-3);
  seconds_per_batch_ = dice_.log_uniform(1e-4, 1e-2);
  bytes_per_key_ = dice_.log_uniform(100, 2000);
  keys_ = static_cast<std::int64_t>(dice_.log_uniform(0.5, 6) / seconds_per_key_);
  if (dice_.chance(0.15)) {
    const double most = dice_.log_uniform(0.2, 2) / seconds_per_key_;
    pace.rows_per_second = RowCount(std::max<std::int64_t>(1, static_cast<std::int64_t>(most)));
  }
  settings_.safety.lock_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(dice_.log_duration(50ms, 2s));
  settings_.safety.statement_timeout = 20s;
  settings_.estimated_rows = RowCount(keys_);
  settings_.seed = dice_.seed();
}

void World::run() {
  begin_life();
  timeline_.after(100ms, [this] { chaos(); });
  timeline_.after(calm_at_ - timeline_.now(), [this] { calm_down(); });
  for (int steps = 0; !done_; ++steps) {
    require(steps < most_steps, "too many steps: livelock");
    require(timeline_.step(), "everything sleeps, and the job has not completed");
    if (calm_) require(timeline_.now() < calm_at_ + longest_calm, "no end long after the faults");
  }
}

void World::begin_life() {
  ++life_;
  coverage_.add(Seen::life);
  history_.add(timeline_.now(), "   run {} begins", life_);
  const Instant now = timeline_.now();
  throttle_.emplace();
  roster_.emplace(throttle_settings_.replica_lag, absence_max_);
  lock_waits_.emplace(throttle_settings_.lock_wait +
                      (planted_ == Planted::lock_watch_is_late ? 200ms : 0ms));
  oracle_.emplace(settings_.pace.rows_per_second);
  joined_.clear();
  last_lag_signals_.clear();
  first_read_at_.reset();
  last_look_.reset();
  end_asked_ = false;
  std::vector<std::string> required{"replica_lag", "lock_wait"};
  if (with_query_) required.emplace_back("query");
  for (const std::string& name : required) {
    oracle_->required(name, silence_, now);
    if (planted_ != Planted::required_signal_is_optional) {
      throttle_->require(name, silence_, clock());
    }
  }
  oracle_->paused(paused_);
  if (paused_ && planted_ != Planted::pause_is_forgotten)
    throttle_->pause("paused by the operator");
  std::vector<KnownRange> known;
  for (const auto& [id, range] : ranges_) known.push_back(range);
  for (Lane& each : lanes_) each = Lane{};
  const int slots = static_cast<int>(lanes_.size());
  engine_ = std::make_unique<Engine>(settings_, std::move(known), slots);
  static_cast<void>(throttle_->decide(clock()));
  oracle_->decided(now, throttle_->pace(), false);
  carry_out(engine_->begin(clock()));
  deliver(throttle_->pace());
  for (int i = 0; i < slots && engine_; ++i) {
    lanes_[static_cast<std::size_t>(i)].backend_pid = ++last_pid_;
    deliver(SlotUp{SlotId{i}});
  }
  read_lag();
  look_for_waiters();
  read_query();
  read_company();
  beat();
}

void World::finished(const Finish& finish) {
  static_cast<void>(throttle_->decide(clock()));
  oracle_->decided(timeline_.now(), throttle_->pace(), true);
  oracle_->check_time_lost(throttle_->time_lost());
  engine_.reset();
  ++wake_;
  if (finish.how == Finish::How::completed) {
    require(keys_done_ == keys_, "completed, and not every key was done once");
    coverage_.add(Seen::completed);
    done_ = true;
    return;
  }
  if (end_asked_) coverage_.add(Seen::ended_by_signal);
  history_.add(timeline_.now(), "   run {} ends: {}", life_, finish.reason);
  timeline_.after(dice_.log_duration(10ms, 500ms), [this] { begin_life(); });
}

void World::deliver(const Event& event) {
  if (!engine_) return;
  if (history_.on()) history_.add(timeline_.now(), "{}", show(event));
  carry_out(engine_->on(event, clock()));
}

void World::carry_out(const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    if (history_.on()) history_.add(timeline_.now(), "{}", show(action));
    perform(action);
  }
  if (engine_) schedule_wake();
}

void World::perform(const Action& action) {
  std::visit(
      [&](const auto& a) {
        using A = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<A, CancelSlot>) {
          cancel(a.slot);
        } else if constexpr (std::is_same_v<A, StartBatch>) {
          lane(a.slot).work = action;
          lane(a.slot).began = timeline_.now();
          oracle_->batch_starts(a.slot, timeline_.now(), busy(), settings_.pace);
          start_batch(a);
        } else if constexpr (std::is_same_v<A, Finish>) {
          finished(a);
        } else if constexpr (requires { a.slot; }) {
          lane(a.slot).work = action;
          later(trip_, [this, action] { answer(action); });
        }
      },
      action);
}

int World::busy() const {
  return static_cast<int>(
      std::ranges::count_if(lanes_, [](const Lane& each) { return each.work.has_value(); }));
}

void World::schedule_wake() {
  const std::uint64_t wake = ++wake_;
  const std::optional<Instant> at = engine_->wake_at();
  if (!at) return;
  timeline_.after(*at - clock(), [this, wake] {
    if (wake == wake_) deliver(Woken{});
  });
}

// ---- what is sent ----------------------------------------------------------------------------

void World::start_batch(const StartBatch& start) {
  const SlotId slot = start.slot;
  const auto keys = static_cast<double>(start.batch.keys.value);
  Server::Load load;
  const double noise = std::exp(noise_ * static_cast<double>(dice_.between(-1000, 1000)) / 1000);
  load.cpu_seconds = (seconds_per_batch_ + keys * seconds_per_key_) * noise;
  load.wal_bytes = keys * bytes_per_key_;
  if (dice_.chance(faults_.slow)) load.cpu_seconds *= static_cast<double>(dice_.between(2, 40));
  later(trip_ / 2, [this, slot, load] {
    server_.start(slot, load, [this, slot](const Server::Outcome& outcome) {
      release_waiters(slot);
      later(trip_ / 2, [this, slot, outcome] { batch_answered(slot, outcome); });
    });
    if (faults_.slow <= 0 && faults_.row_lock <= 0) return;
    timeline_.after(
        settings_.safety.statement_timeout,
        [this, slot, serial = server_.serial(slot)] { server_.fail(slot, serial, "57014"); });
  });
}

void World::batch_answered(SlotId slot, const Server::Outcome& outcome) {
  const StartBatch start = std::get<StartBatch>(*lane(slot).work);
  if (outcome.sqlstate.empty()) return committed(start, outcome.statement_time);
  if (outcome.sqlstate == "55P03") coverage_.add(Seen::row_lock_timeout);
  lane(slot).work.reset();
  lane(slot).cancels_lost = 0;
  deliver(BatchFailed{slot, error_of(outcome.sqlstate)});
}

void World::committed(const StartBatch& start, Duration statement_time) {
  coverage_.add(Seen::batch);
  const Batch& batch = start.batch;
  KnownRange& range = ranges_.at(batch.range);
  require(range.cursor == batch.bounds.after, "a batch does not begin at its range's cursor");
  range.cursor = batch.bounds.through;
  range.keys_done += batch.keys;
  range.closed = batch.closes_range;
  keys_done_ += batch.keys.value;
  if (start.ahead) deliver(ProbeDone{start.slot, probe(*start.ahead)});
  lane(start.slot).work.reset();
  lane(start.slot).cancels_lost = 0;
  oracle_->rows_done(batch.keys.value, timeline_.now(), settings_.pace);
  oracle_->batch_ends(start.slot, statement_time, timeline_.now());
  const auto wal =
      static_cast<std::int64_t>(static_cast<double>(batch.keys.value) * bytes_per_key_);
  deliver(BatchDone{start.slot, batch.keys, statement_time, ByteCount(wal), std::nullopt});
}

void World::answer(const Action& action) {
  std::visit(
      [&](const auto& a) {
        using A = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<A, StartProbe>) {
          lane(a.slot).work.reset();
          deliver(ProbeDone{a.slot, probe(a.probe)});
        } else if constexpr (std::is_same_v<A, OpenRange>) {
          KnownRange range;
          range.id = a.range;
          range.bounds = a.bounds;
          range.cursor = a.bounds.after;
          range.keys = a.keys;
          ranges_.emplace(a.range, range);
          lane(a.slot).work.reset();
          deliver(RangeOpened{a.slot});
        } else if constexpr (std::is_same_v<A, CloseRange>) {
          ranges_.at(a.range).closed = true;
          lane(a.slot).work.reset();
          deliver(RangeClosed{a.slot});
        } else {
          require(false, "nothing was in doubt");
        }
      },
      action);
}

void World::cancel(SlotId slot) {
  const std::uint64_t serial = server_.serial(slot);
  // One that comes before its batch ends nothing, and only an interrupt may come so early.
  const bool early = serial == 0 && cancelling_all_;
  if (early || dice_.chance(faults_.cancel_lost)) {
    ++lane(slot).cancels_lost;
    coverage_.add(Seen::cancel_lost);
    return;
  }
  timeline_.after(dice_.log_duration(200us, 20ms), [this, slot, serial] {
    if (serial != 0 && server_.serial(slot) == serial) coverage_.add(Seen::gave_way);
    server_.fail(slot, serial, "57014");
  });
}

/// The keys are 1, 2, 3…
ProbeResult World::probe(const Probe& probe) const {
  ProbeResult result;
  const std::int64_t after = probe.within.after ? number(*probe.within.after) : 0;
  const std::int64_t through = probe.within.through ? number(*probe.within.through) : keys_;
  const std::int64_t found = std::clamp<std::int64_t>(through - after, 0, probe.limit.value);
  result.exhausted = found < probe.limit.value;
  for (std::int64_t i = probe.every.value; i <= found; i += probe.every.value) {
    result.ticks.push_back({text(after + i), probe.every});
  }
  const std::int64_t rest = found % probe.every.value;
  if (result.exhausted && rest != 0) result.ticks.push_back({text(after + found), RowCount(rest)});
  return result;
}

// ---- one seed --------------------------------------------------------------------------------

Verdict run_seed(std::uint64_t seed, Planted planted, History::Kind kind) {
  History history(kind);
  Verdict verdict;
  verdict.seed = seed;
  World world(seed, planted, history);
  try {
    world.run();
  } catch (const Violation& violation) {
    verdict.violation = violation.what();
    verdict.history = history.text();
  }
  verdict.coverage = world.coverage();
  return verdict;
}

}  // namespace backfill::sim::pace
