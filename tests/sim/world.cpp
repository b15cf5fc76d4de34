#include "sim/world.hpp"

#include <utility>

#include "sim/violation.hpp"

namespace backfill::sim {

using namespace std::chrono_literals;

namespace {

constexpr int most_steps = 300'000;
constexpr int most_lives_when_calm = 40;
/// The slowest worlds have a few hundred rows at fifty a second, and back-offs of some seconds.
constexpr Duration longest_calm = 10min;

}  // namespace

World::World(std::uint64_t seed, Planted planted, History& history)
    : dice_(seed),
      history_(history),
      planted_(planted),
      faults_(draw_faults(dice_)),
      table_(dice_, KeyText(dice_.chance(0.2))),
      server_(timeline_, dice_, history_, coverage_, table_, planted),
      slots_(static_cast<std::size_t>(dice_.between(1, 4))),
      chaos_tick_(dice_.log_duration(2ms, 50ms)),
      latency_(dice_.log_duration(50us, 10ms)) {
  settings_.purpose = Purpose::copy;
  if (dice_.chance(0.15)) settings_.purpose = Purpose::verify;
  if (dice_.chance(0.15)) {
    settings_.purpose = Purpose::repair;
    settings_.whole_table = false;
  }
  if (settings_.purpose == Purpose::copy && dice_.chance(0.5)) {
    settings_.stripes = 1 << dice_.between(1, 3);
    settings_.filtered = dice_.chance(0.2);
  }
  settings_.seed = dice_.seed();
  writer_waits_ = dice_.chance(0.2);
  draw_settings();
  if (!settings_.whole_table) give_ranges();
  calm_at_ = Instant{} + dice_.log_duration(50ms, 20s);
}

void World::run() {
  poison_rows();
  start_runner();
  timeline_.after(chaos_tick_, [this] { chaos(); });
  timeline_.after(dice_.log_duration(100us, 20ms), [this] { write_rows(); });
  timeline_.after(calm_at_ - timeline_.now(), [this] { calm_down(); });
  for (int steps = 0; !done_; ++steps) {
    require(steps < most_steps, "too many steps: livelock");
    require(timeline_.step(), "everything sleeps, and the sweep has not completed");
    if (calm_) require(timeline_.now() < calm_at_ + longest_calm, "no end long after the faults");
  }
}

// ---- the runner ------------------------------------------------------------------------------

void World::start_runner() {
  ++life_;
  coverage_.add(Seen::life);
  require(!calm_ || ++lives_when_calm_ < most_lives_when_calm, "too many lives without faults");
  history_.add(timeline_.now(), "   runner {} starts", life_);
  take_over();
}

void World::take_over() {
  std::optional<std::vector<KnownRange>> known = server_.take_over();
  if (!known) {
    history_.add(timeline_.now(), "   runner {} waits for a range that is held", life_);
    timeline_.after(dice_.log_duration(5ms, 200ms), [this] { take_over(); });
    return;
  }
  epoch_ = server_.epoch();
  for (const KnownRange& range : *known) {
    history_.add(timeline_.now(), "   epoch {}: range {} {} cursor {}{}", epoch_.value,
                 range.id.value, to_string(range.bounds),
                 range.cursor ? to_string(*range.cursor) : "none", range.closed ? " closed" : "");
  }
  for (Slot& each : slots_) each = Slot{};
  const int count = static_cast<int>(slots_.size());
  settings_.quarantined = server_.quarantine();
  oracle_ = std::make_unique<Oracle>(settings_, *known, count, table_);
  engine_ = std::make_unique<Engine>(settings_, std::move(*known), count);
  for (int i = 0; i < count; ++i) connect(SlotId{i}, dice_.log_duration(1ms, 100ms));
  carry_out(engine_->begin(engine_now()));
}

void World::crash() {
  if (!engine_) return;
  history_.add(timeline_.now(), "   runner {} is killed", life_);
  coverage_.add(Seen::crash);
  lossy_ = true;
  leave(dice_.log_duration(1ms, 3s));
}

/// Whatever the runner had in flight lives on without it.
void World::leave(Duration pause) {
  engine_.reset();
  oracle_.reset();
  ++wake_;
  for (Slot& each : slots_) {
    if (each.work != 0 && each.transaction != 0) {
      server_.abandon(each.transaction);
      if (dice_.chance(0.4)) {
        timeline_.after(dice_.log_duration(100us, 2s),
                        [this, id = each.transaction] { server_.undo(id); });
      }
    }
    each = Slot{};
  }
  timeline_.after(pause, [this] { start_runner(); });
}

void World::finished() {
  const Finish finish = oracle_->finish();
  if (!server_.record_at_finish(epoch_, finish.record)) lossy_ = true;
  if (finish.how != Finish::How::completed) {
    if (finish.how == Finish::How::stopped)
      coverage_.add(Seen::drained);
    else if (finish.how == Finish::How::lease_lost)
      coverage_.add(Seen::lease_lost);
    else if (finish.error.kind == ErrorClass::row)
      coverage_.add(Seen::bad_row_named);
    else
      coverage_.add(Seen::gave_up);
    if (finish.error.kind == ErrorClass::row) {
      if (settings_.on_error.quarantine) coverage_.add(Seen::quarantine_refused);
      table_.heal();
    }
    leave(dice_.log_duration(1ms, 1s));
    return;
  }
  if (server_.epoch() != epoch_) return leave(1ms);  // it did not notice; the command would
  // The end of a phase waits for the disk. What a crash has taken before that shows now.
  server_.synced();
  if (!server_.all_closed() && planted_ != Planted::phase_end_trusts_checkpoints) {
    coverage_.add(Seen::reopened_by_crash);
    return leave(1ms);
  }
  if (settings_.on_error.quarantine) {
    require(server_.quarantined() <= static_cast<std::size_t>(*settings_.on_error.quarantine),
            "more rows are in quarantine than may be");
  }
  check_completed(server_, table_, settings_.purpose, settings_.whole_table,
                  lossy_ && !server_.keeps_statistics());
  if (!rerun_ && dice_.chance(0.25)) {
    rerun_ = true;  // a finished sweep run again has nothing to do and says so
    leave(1ms);
    return;
  }
  coverage_.add(Seen::completed);
  if (server_.ranges().size() >= 10) coverage_.add(Seen::chain_of_ten);
  done_ = true;
}

void World::deliver(const Event& event, std::size_t keys) {
  if (!engine_) return;
  if (dice_.chance(faults_.crash)) return crash();
  if (history_.on()) history_.add(timeline_.now(), "{}", show(event));
  oracle_->told(event, engine_now(), keys);
  carry_out(engine_->on(event, engine_now()));
}

void World::carry_out(const std::vector<Action>& actions) {
  const std::uint64_t life = life_;
  for (const Action& action : actions) {
    if (history_.on()) history_.add(timeline_.now(), "{}", show(action));
    oracle_->asked(action, engine_now());
    if (rerun_) {
      require(!std::holds_alternative<StartBatch>(action), "a completed sweep began again");
    }
    std::visit(
        [&](const auto& a) {
          using A = std::decay_t<decltype(a)>;
          if constexpr (std::is_same_v<A, CancelSlot>)
            cancel(a.slot);
          else if constexpr (requires { a.slot; })
            start(a.slot, action);
        },
        action);
  }
  if (oracle_->batches_in_flight() > 1) coverage_.add(Seen::two_batches_at_once);
  oracle_->observe(*engine_, engine_now());
  if (oracle_->finished()) return finished();
  schedule_wake();
  require(life == life_, "the runner changed in the middle of a call");
  if (dice_.chance(faults_.crash)) crash();
}

void World::schedule_wake() {
  const std::uint64_t wake = ++wake_;
  const std::optional<Instant> at = engine_->wake_at();
  if (!at) return;
  // A timer is never early; on a busy machine it is late.
  const Duration late = dice_.chance(0.05) ? dice_.log_duration(100us, 500ms) : Duration::zero();
  timeline_.after(*at - engine_now() + late, [this, wake] {
    if (wake == wake_) deliver(Woken{});
  });
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

}  // namespace backfill::sim
