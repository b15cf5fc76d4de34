#include <algorithm>

#include <fmt/format.h>

#include "core/engine_implementation.hpp"

namespace backfill {

SweepState Engine::Implementation::state(Instant now) const {
  SweepState state;
  state.keys_done = ledger_.keys_done();
  state.keys_probed = ledger_.keys_done() + ledger_.keys_ahead();
  state.end_seen =
      !ledger_.has_frontier() && std::ranges::all_of(ledger_.open(), [](const auto& entry) {
        return entry.second.ticks_complete;
      });
  state.rows = rows_;
  state.batches = batches_;
  state.retries = retries_;
  state.slots_busy = busy();
  state.slots_limit = slots_limit();
  state.batch_rows = wanted_keys().value;
  state.batch_ms = sizer_.smoothed_ms();
  state.watermark = ledger_.watermark();
  state.limited_by = limited_by(now);
  return state;
}

/// Whether something other than the number of workers sets the speed just now.
bool Engine::Implementation::held_back(Instant now) const {
  return ending() || pace_.stopped || pace_.fraction < 1.0 || rate_.next_start(now) > now ||
         std::ranges::any_of(slots_, [](const Slot& slot) { return !slot.up; });
}

std::string Engine::Implementation::limited_by(Instant now) const {
  if (lease_lost_) return "lease lost: letting go";
  if (failure_) return "failed: letting the batches in flight finish";
  if (stopping_) return "stopping: " + stopping_->reason;
  if (pace_.stopped) return "stopped: " + pace_.reason;
  if (std::ranges::none_of(slots_, &Slot::up)) {
    if (!last_down_) return "connecting";
    return "no connection: " + last_down_->message;
  }
  if (pace_.fraction < 1.0) return "slowed: " + pace_.reason;
  const auto& open = ledger_.open();
  const auto waiting = std::ranges::count_if(
      open, [now](const auto& entry) { return entry.second.not_before > now; });
  if (waiting > 0 && busy() == 0) {
    return fmt::format("waiting to retry {} range{}", waiting, waiting == 1 ? "" : "s");
  }
  if (settings_.pace.rows_per_second && rate_.next_start(now) > now) {
    return fmt::format("rows_per_second {}", settings_.pace.rows_per_second->value);
  }
  const std::string level = concurrency_.reason();
  return level.empty() ? "nothing: at full speed" : level;
}

}  // namespace backfill
