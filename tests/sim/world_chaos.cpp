#include <algorithm>
#include <utility>

#include "sim/violation.hpp"
#include "sim/world.hpp"

namespace backfill::sim {

using namespace std::chrono_literals;

namespace {

std::chrono::milliseconds draw_ms(Dice& dice, Duration low, Duration high) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(dice.log_duration(low, high));
}

Error connection_lost(ErrorClass kind) {
  Error error;
  error.kind = kind;
  error.message = "server closed the connection unexpectedly";
  return error;
}

}  // namespace

void World::draw_settings() {
  PaceSettings& pace = settings_.pace;
  pace.connections = static_cast<int>(dice_.between(1, 5));
  pace.batch = BatchSettings{};
  if (dice_.chance(0.5)) pace.batch.target = draw_ms(dice_, 2ms, 200ms);
  pace.batch.min_rows = RowCount(dice_.between(1, 10));
  pace.batch.max_rows = RowCount(pace.batch.min_rows.value + dice_.between(0, 100));
  if (dice_.chance(0.2)) pace.batch.fixed_rows = RowCount(dice_.between(1, 60));
  pace.rows_per_second.reset();
  if (dice_.chance(0.15)) {
    pace.rows_per_second = RowCount(static_cast<std::int64_t>(dice_.log_uniform(50, 5000)));
  }
  settings_.safety.lock_timeout = draw_ms(dice_, 20ms, 1s);
  settings_.safety.statement_timeout = draw_ms(dice_, 500ms, 10s);
  settings_.safety.retries = static_cast<int>(dice_.between(2, 12));
  settings_.estimated_rows.reset();
  if (dice_.chance(0.7)) settings_.estimated_rows = RowCount(dice_.between(0, 1000));
  settings_.range_keys.reset();
  if (dice_.chance(0.8)) {
    settings_.range_keys = RowCount(static_cast<std::int64_t>(dice_.log_uniform(1, 200)));
  }
}

void World::give_ranges() {
  std::int64_t key = dice_.between(0, 2000);
  const std::int64_t count = dice_.between(1, 6);
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::int64_t through = key + static_cast<std::int64_t>(dice_.log_uniform(2, 100'000));
    KeyRange bounds{table_.keys().text(key), table_.keys().text(through)};
    if (i == 1 && dice_.chance(0.3)) bounds.after.reset();
    if (i == count && dice_.chance(0.3)) bounds.through.reset();
    server_.give_range(RangeId(i), std::move(bounds));
    key = through + (dice_.chance(0.5) ? 0 : dice_.between(1, 500));
    if (key > Table::greatest_key - 100'000) return;
  }
}

/// Where rows may go into quarantine there are up to some more of them than may.
void World::poison_rows() {
  if (faults_.fatal <= 0 && !dice_.chance(0.55)) return;
  std::int64_t rows = 1;
  if (dice_.chance(0.7)) {
    settings_.on_error.quarantine = static_cast<int>(dice_.between(1, 25));
    rows = dice_.between(1, *settings_.on_error.quarantine + 2);
  }
  while (rows > 0) {
    const std::int64_t together = dice_.chance(0.2) ? dice_.between(1, rows) : 1;
    for (const std::int64_t key : table_.poison(dice_, together)) {
      history_.add(timeline_.now(), "poison at {}", key);
    }
    rows -= together;
  }
}

void World::write_rows() {
  if (calm_) return;
  const Table::Written written = table_.write(dice_, timeline_.now());
  server_.application_committed(written, writer_waits_);
  if (const auto batch = written.waits_for; batch && server_.alive(*batch)) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].work == 0 || slots_[i].transaction != *batch) continue;
      if (dice_.chance(0.3)) deliver(WaiterSeen{SlotId{static_cast<int>(i)}, "the live writer"});
      break;
    }
  }
  timeline_.after(dice_.log_duration(100us, 20ms), [this] { write_rows(); });
}

SlotId World::any_slot() {
  return SlotId{static_cast<int>(dice_.between(0, static_cast<std::int64_t>(slots_.size()) - 1))};
}

void World::chaos() {
  if (calm_) return;
  if (engine_) disturb_runner();
  if (engine_) disturb_pace();
  if (dice_.chance(faults_.server_restart)) server_restarts(false);
  if (dice_.chance(faults_.server_crash)) server_restarts(true);
  timeline_.after(chaos_tick_, [this] { chaos(); });
}

void World::disturb_runner() {
  if (dice_.chance(faults_.slot_down)) {
    const SlotId id = any_slot();
    if (slot(id).connected && slot(id).work == 0) {
      lose(id, connection_lost(ErrorClass::reconnect));
    }
  }
  if (engine_ && dice_.chance(faults_.waiter)) {
    // Late news: the slot may already do something else, or nothing.
    deliver(WaiterSeen{any_slot(), "somebody"});
  }
  if (engine_ && dice_.chance(faults_.clock_jump)) {
    clock_offset_ += dice_.log_duration(1min, 8h);
    history_.add(timeline_.now(), "   the clock jumps");
    schedule_wake();
  }
  if (engine_ && dice_.chance(faults_.early_wake)) deliver(Woken{});
  if (engine_ && dice_.chance(faults_.stop)) {
    deliver(StopRequested{dice_.chance(0.3), "SIGINT"});
    if (engine_ && dice_.chance(0.3)) deliver(StopRequested{true, "SIGINT again"});
  }
  if (engine_ && dice_.chance(faults_.rival)) {
    if (!server_.take_over()) return;
    lossy_ = true;
    history_.add(timeline_.now(), "   a rival takes the lease");
    if (dice_.chance(0.3)) {
      Error lost;
      lost.kind = ErrorClass::lease_lost;
      lost.message = "another runner owns the job";
      deliver(LeaseLost{lost});
    }
  }
}

void World::disturb_pace() {
  if (dice_.chance(faults_.pace_change)) {
    PaceChanged pace;
    pace.fraction = std::max(0.01, static_cast<double>(dice_.between(1, 100)) / 100.0);
    pace.stopped = dice_.chance(0.3);
    if (pace.stopped || pace.fraction < 1) pace.reason = "lag of standby2";
    deliver(pace);
  }
  if (engine_ && dice_.chance(faults_.pace_silence)) {
    // The signal falls silent: the work stops, and goes on only when it is heard again.
    deliver(PaceChanged{1.0, true, "lag of standby2 cannot be read"});
    const std::uint64_t life = life_;
    timeline_.after(dice_.log_duration(10ms, 3s), [this, life] {
      if (engine_ && life == life_) deliver(PaceChanged{1.0, false, ""});
    });
  }
  if (engine_ && dice_.chance(faults_.settings_change)) {
    draw_settings();
    deliver(SettingsChanged{settings_.pace, settings_.safety});
  }
}

void World::server_restarts(bool crashes) {
  if (crashes) {
    const std::size_t lost = server_.crash();
    history_.add(timeline_.now(), "   the server crashes and has lost {} commits", lost);
    if (lost > 0) {
      coverage_.add(Seen::commits_lost);
      lossy_ = true;
      if (oracle_) oracle_->commits_lost();
    }
  } else {
    history_.add(timeline_.now(), "   the server restarts");
    server_.restart();
  }
  const std::uint64_t life = life_;
  for (std::size_t i = 0; i < slots_.size() && engine_ && life == life_; ++i) {
    if (!slots_[i].connected) continue;
    const bool unknown = slots_[i].work != 0 && slots_[i].action &&
                         !std::holds_alternative<StartProbe>(*slots_[i].action);
    lose(SlotId{static_cast<int>(i)},
         connection_lost(unknown ? ErrorClass::ambiguous : ErrorClass::reconnect));
  }
}

/// From here on nothing goes wrong any more, and the sweep has to complete.
void World::calm_down() {
  history_.add(timeline_.now(), "   the faults go off");
  faults_ = Faults{};
  calm_ = true;
  calm_at_ = timeline_.now();
  if (engine_) deliver(PaceChanged{1.0, false, ""});
  // A runner whose lease a rival took keeps it no longer than the rival's own end.
}

}  // namespace backfill::sim
