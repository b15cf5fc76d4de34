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
  state.time_lost = waits_.lost();
  return state;
}

/// Whether something other than the number of workers sets the speed just now.
bool Engine::Implementation::held_back(Instant now) const {
  return ending() || pace_.stopped || pace_.fraction < 1.0 || rate_.next_start(now) > now ||
         std::ranges::any_of(slots_, [](const Slot& slot) { return !slot.up; });
}

/// What keeps anything at all from being started; empty when nothing does.
std::string Engine::Implementation::stopped_by(Instant now) const {
  if (lease_lost_) return "lease lost: letting go";
  if (failure_) return "failed: letting the batches in flight finish";
  if (stopping_) return "stopping: " + stopping_->reason;
  if (pace_.paused) return pace_.reason;
  if (pace_.stopped) return "stopped: " + pace_.reason;
  if (std::ranges::none_of(slots_, &Slot::up)) {
    return last_down_ ? "no connection: " + last_down_->message : "connecting";
  }
  const Waiting waiting = ranges_waiting(now);
  if (waiting.ranges > 0 && busy() == 0 && waiting.ranges == waiting.of) return waiting.text();
  return {};
}

/// What a stop or a slower pace costs is the throttle's to tell, and so is what a fixed level of
/// workers leaves undone: nobody waits for that.
void Engine::Implementation::measure_waits(Instant now) {
  const auto measure = [&](std::string what, double share) {
    waits_.wait(std::move(what), share, now);
  };
  if (ending() || pace_.stopped) return measure({}, 0);
  const auto up = static_cast<double>(std::ranges::count_if(slots_, &Slot::up));
  const double limit = slots_limit();
  if (up < limit) return measure("no_connection", 1.0 - up / limit);
  const double idle = 1.0 - std::min(busy() / limit, 1.0);
  const Waiting waiting = ranges_waiting(now);
  if (waiting.ranges > 0 && idle > 0) {
    return measure(waiting.locked == waiting.ranges ? "locked_rows" : "retries", idle);
  }
  if (rate_.next_start(now) > now && idle > 0) return measure("rows_per_second", idle);
  measure({}, 0);
}

/// The rule: what stops everything is named first, in the order above. Of what only slows the work
/// down, the one that leaves the smallest share of full speed is named; of two that leave the same,
/// the one listed first here.
std::string Engine::Implementation::limited_by(Instant now) const {
  std::string stopped = stopped_by(now);
  if (!stopped.empty()) return stopped;
  double least = 1.0;
  std::string text = "nothing: at full speed";
  const auto weigh = [&](double share, std::string named) {
    if (share >= least || named.empty()) return;
    least = share;
    text = std::move(named);
  };
  weigh(pace_.fraction, "slowed: " + pace_.reason);
  const double limit = slots_limit();
  const std::optional<RowCount> most = rows_per_second();
  if (most && rate_.next_start(now) > now) {
    // What the workers would do if the bucket were never empty; unknown before the first batch.
    const double full = sizer_.keys_per_second().value_or(0) * limit;
    const double share = full > 0 ? static_cast<double>(most->value) / full : 0;
    weigh(std::min(share, 0.99), fmt::format("rows_per_second {}", most->value));
  }
  const auto up = std::ranges::count_if(slots_, &Slot::up);
  if (up < slots_limit()) {
    weigh(static_cast<double>(up) / limit,
          fmt::format("{} of {} connections: {}", up, slots_limit(),
                      last_down_ ? last_down_->message : "connecting"));
  }
  const Waiting waiting = ranges_waiting(now);
  if (waiting.ranges > 0 && busy() < slots_limit()) weigh(busy() / limit, waiting.text());
  weigh(limit / std::max(settings_.pace.connections, 1), concurrency_.reason());
  return text;
}

Engine::Implementation::Waiting Engine::Implementation::ranges_waiting(Instant now) const {
  Waiting waiting;
  for (const auto& [id, range] : ledger_.open()) {
    ++waiting.of;
    if (range.not_before <= now) continue;
    ++waiting.ranges;
    if (!range.patience.is_locked()) continue;
    ++waiting.locked;
    if (waiting.held_by.empty()) waiting.held_by = range.held_by;
  }
  return waiting;
}

std::string Engine::Implementation::Waiting::text() const {
  const std::string_view plural = ranges == 1 ? "" : "s";
  if (locked == ranges) {
    return fmt::format("waiting for rows locked in {} range{}{}{}", ranges, plural,
                       held_by.empty() ? "" : " by ", held_by);
  }
  return fmt::format("waiting to retry {} range{}", ranges, plural);
}

}  // namespace backfill
