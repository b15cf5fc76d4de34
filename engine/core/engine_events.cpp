#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/engine_implementation.hpp"

namespace backfill {

namespace {

/// A foreground write waits for about one batch: with 10 ms batches its p95 stayed at 2.7 ms beside
/// us, and alone nothing is gained beyond 50 ms.
constexpr Duration batch_time_beside_writers = std::chrono::milliseconds{10};
constexpr Duration batch_time_alone = std::chrono::milliseconds{50};

/// About ten batches are remembered of the share of rows that change.
constexpr double changing_weight = 0.1;

/// Figures of a pace that stays roughly the same are worth a line that often.
constexpr Duration pace_noted_every = std::chrono::seconds{10};

/// Whether the checkpoint stands where the batch would have put it.
bool stands_behind(const RangeSettled& found, const Batch& batch, const Range& range) {
  if (batch.ends_stripe) {
    return found.stripe == batch.stripe.no + 1 && found.cursor == range.bounds.after;
  }
  return found.stripe == batch.stripe.no && found.cursor == batch.bounds.through &&
         found.closed == batch.closes_range;
}

}  // namespace

Slot& Engine::Implementation::slot(SlotId id) {
  BACKFILL_CHECK(id.value >= 0 && static_cast<std::size_t>(id.value) < slots_.size(),
                 "an event names a slot that does not exist");
  return slots_[static_cast<std::size_t>(id.value)];
}

Slot& Engine::Implementation::busy_slot(SlotId id, Slot::Doing doing) {
  Slot& busy = slot(id);
  BACKFILL_CHECK(busy.doing == doing, "an outcome came for something that was not asked");
  return busy;
}

void Engine::Implementation::release(Slot& slot) {
  slot.doing = Slot::Doing::nothing;
  slot.probe_for = Slot::ProbeFor::nothing;
  slot.cancelled = false;
  slot.waiter.clear();
  slot.held_by.clear();
}

// ---- batches ---------------------------------------------------------------------------------

void Engine::Implementation::handle(const BatchDone& event, Instant now) {
  Slot& done = busy_slot(event.slot, Slot::Doing::batch);
  Range& range = ledger_.at(done.range);
  const RowCount keys = done.batch.keys;
  const bool counted_by_server = settings_.purpose == Purpose::verify;
  if (done.probe_for == Slot::ProbeFor::frontier) frontier_probing_ = false;
  if (done.batch.quarantine) {
    // No row was touched: it says nothing about sizes and speed.
    batch_committed(range, done.batch);
    release(done);
    return;
  }
  failure_score_.passed(counted_by_server ? keys : event.rows);
  sizer_.on_batch({keys, event.rows, event.statement_time, share_of_wal(event.wal)});
  if (held_back(now)) {
    concurrency_.interrupted(now);
  } else {
    concurrency_.on_batch(keys, event.statement_time, now);
  }
  if (sizer_.size_is_not_the_cause()) concurrency_.on_inelastic(now);
  note_changing(done.batch, event.rows);
  rate_.spend(event.rows, now);
  rows_ += event.rows;
  done.worked = event.statement_time;
  done.worked_until = now;
  const bool recorded = counted_by_server || event.recorded == event.rows;
  if (!recorded) unrecorded_[range.id] += event.rows - event.recorded.value_or(RowCount{0});
  batch_committed(range, done.batch);
  release(done);
}

void Engine::Implementation::note_changing(const Batch& batch, RowCount rows) {
  if (batch.keys <= RowCount{0}) return;
  // Of the keys that the statement looked at, one in `of` was this stripe's.
  const double share = std::min(1.0, static_cast<double>(rows.value * batch.stripe.of) /
                                         static_cast<double>(batch.keys.value));
  changing_ = changing_ ? *changing_ + changing_weight * (share - *changing_) : share;
}

/// The server tells no session's own WAL (before PostgreSQL 18). Our batches write alike, so each
/// gets an equal part of what was written meanwhile. What others wrote is counted with it: beside
/// others who write much, the cap on WAL binds sooner.
std::optional<ByteCount> Engine::Implementation::share_of_wal(
    const std::optional<ByteCount>& written) const {
  if (!written) return std::nullopt;
  const auto batches = std::ranges::count_if(
      slots_, [](const Slot& slot) { return slot.doing == Slot::Doing::batch; });
  return ByteCount{written->value / std::max<std::int64_t>(1, batches)};
}

void Engine::Implementation::batch_committed(Range& range, const Batch& batch) {
  ++batches_;
  range.patience.reset();
  range.held_by.clear();
  range.not_before = {};
  range.doing = Range::Doing::nothing;
  if (batch.quarantine) {
    note(Note::Kind::error, "row_quarantined",
         fmt::format("key {} fails for its own reason and is in quarantine now ({} of {}): {} "
                     "(SQLSTATE {})",
                     to_string(batch.quarantine->key), quarantined_.size(),
                     settings_.on_error.quarantine.value_or(0), batch.quarantine->message,
                     batch.quarantine->sqlstate));
  }
  ledger_.advance(range, batch);
  range.waits_for_batch = last_number_ + 1;
  if (batch.closes_range) ledger_.close(range.id);
}

void Engine::Implementation::handle(const BatchFailed& event, Instant now) {
  Slot& failed = busy_slot(event.slot, Slot::Doing::batch);
  Range& range = ledger_.at(failed.range);
  if (failed.probe_for == Slot::ProbeFor::frontier) frontier_probing_ = false;
  range.doing = Range::Doing::nothing;
  if (event.error.kind == ErrorClass::ambiguous) {
    range.in_doubt = true;
    doubts_[range.id] = Doubt{failed.batch, failed.batch.record};
    set_aside(range, Setback::failed, event.error,
              to_string(failed.batch.bounds, failed.batch.keys), now);
  } else {
    put_back(failed.batch.record);
    fail_batch(failed, range, event.error, now);
  }
  release(failed);
}

/// The limit is one on changes: counting rows writes nothing that anybody has to follow.
std::optional<RowCount> Engine::Implementation::rows_per_second() const {
  if (settings_.purpose == Purpose::verify) return std::nullopt;
  return settings_.pace.rows_per_second;
}

void Engine::Implementation::put_back(const std::vector<RowsToRecord>& record) {
  for (const RowsToRecord& rows : record) unrecorded_[rows.range] += rows.rows;
}

// ---- probes ----------------------------------------------------------------------------------

void Engine::Implementation::handle(const ProbeDone& event, Instant) {
  Slot& asked = slot(event.slot);
  BACKFILL_CHECK(asked.probe_for != Slot::ProbeFor::nothing, "a probe came that was not asked");
  const bool alone = asked.doing == Slot::Doing::probe;
  if (asked.probe_for == Slot::ProbeFor::frontier) {
    frontier_probing_ = false;
    frontier_backoff_.reset();
    frontier_not_before_ = {};
    if (ledger_.has_frontier()) ledger_.plan(event.result, stripes_of_next_range());
  } else {
    Range& range = ledger_.at(asked.range);
    switch (asked.probe_for) {
      case Slot::ProbeFor::extend: ledger_.extend(range, event.result); break;
      case Slot::ProbeFor::refine: ledger_.refine(range, event.result); break;
      case Slot::ProbeFor::single_out: made_out(range, event.result); break;
      case Slot::ProbeFor::nothing:
      case Slot::ProbeFor::frontier: break;
    }
    if (alone) {
      range.doing = Range::Doing::nothing;
      range.patience.reset();
    }
  }
  probe_answered();
  asked.probe_for = Slot::ProbeFor::nothing;
  if (alone) release(asked);
}

void Engine::Implementation::handle(const ProbeFailed& event, Instant now) {
  Slot& asked = slot(event.slot);
  BACKFILL_CHECK(asked.probe_for != Slot::ProbeFor::nothing, "a probe failed that was not asked");
  const bool alone = asked.doing == Slot::Doing::probe;
  const bool frontier = asked.probe_for == Slot::ProbeFor::frontier;
  const bool may_shrink = asked.probe_for != Slot::ProbeFor::single_out;
  asked.probe_for = Slot::ProbeFor::nothing;
  if (frontier) frontier_probing_ = false;
  if (alone && !frontier) ledger_.at(asked.range).doing = Range::Doing::nothing;
  const bool cancelled = asked.cancelled;
  const bool shrunk = !cancelled && may_shrink && shrink_probes(asked, event.error);
  if (alone) release(asked);
  if (cancelled || ends_the_sweep(event.error, "probe for boundaries", now)) return;
  if (frontier) {
    fail_frontier_probe(event.error, shrunk, now);
  } else if (alone && shrunk) {
    ++retries_;  // At once: it is another question now.
  } else if (alone) {
    // An attached probe is asked again alone; its batch speaks for itself.
    Range& range = ledger_.at(asked.range);
    set_aside(range, Setback::failed, event.error, to_string(range.bounds), now);
  }
}

// ---- ranges ----------------------------------------------------------------------------------

void Engine::Implementation::handle(const RangeOpened& event, Instant) {
  Slot& opened = busy_slot(event.slot, Slot::Doing::open);
  Range& range = ledger_.at(opened.range);
  range.doing = Range::Doing::nothing;
  range.patience.reset();
  release(opened);
}

void Engine::Implementation::handle(const RangeClosed& event, Instant) {
  Slot& closed = busy_slot(event.slot, Slot::Doing::close);
  closed.record.clear();
  ledger_.close(closed.range);
  release(closed);
}

void Engine::Implementation::handle(const RangeFailed& event, Instant now) {
  Slot& failed = slot(event.slot);
  const Slot::Doing doing = failed.doing;
  BACKFILL_CHECK(
      doing == Slot::Doing::open || doing == Slot::Doing::close || doing == Slot::Doing::settle,
      "an outcome came for something that was not asked");
  Range& range = ledger_.at(failed.range);
  range.doing = doing == Slot::Doing::open ? Range::Doing::opening : Range::Doing::nothing;
  if (doing == Slot::Doing::close) {
    if (event.error.kind == ErrorClass::ambiguous) {
      range.in_doubt = true;
      doubts_[range.id] = Doubt{std::nullopt, failed.record};
    } else {
      put_back(failed.record);
    }
    failed.record.clear();
  }
  const bool cancelled = failed.cancelled;
  release(failed);
  if (cancelled || ends_the_sweep(event.error, "checkpoint", now)) return;
  set_aside(range, setback_of(event.error), event.error, to_string(range.bounds), now);
}

void Engine::Implementation::handle(const RangeSettled& event, Instant now) {
  Slot& asked = busy_slot(event.slot, Slot::Doing::settle);
  Range& range = ledger_.at(asked.range);
  range.doing = Range::Doing::nothing;
  range.in_doubt = false;
  range.settlements += Settlements{1};
  Doubt doubt;
  if (const auto found = doubts_.find(range.id); found != doubts_.end()) {
    doubt = std::move(found->second);
    doubts_.erase(found);
  }
  release(asked);
  const bool committed = doubt.batch && stands_behind(event, *doubt.batch, range);
  if (committed) {
    rows_ += event.rows;
    failure_score_.passed(event.rows);
    note(Note::Kind::information, "commit_settled",
         fmt::format("{} had committed", to_string(doubt.batch->bounds)));
    batch_committed(range, *doubt.batch);
  } else if (event.closed) {
    ledger_.close(range.id);
  } else if (event.cursor != range.cursor || event.stripe != range.stripe.no) {
    // A crash of the server took what it had told us of, and the counts of it are void.
    unrecorded_.erase(range.id);
    ledger_.move_cursor(range, event.cursor, event.stripe);
  } else {
    put_back(doubt.record);
    if (doubt.batch) be_careful(range, doubt.batch->keys);
    range.not_before = now;
  }
}

// ---- the world around ------------------------------------------------------------------------

/// More connections may come than there were when the sweep began.
void Engine::Implementation::know(SlotId id) {
  while (slots_.size() <= static_cast<std::size_t>(id.value)) slots_.emplace_back();
}

void Engine::Implementation::handle(const SlotUp& event, Instant) {
  know(event.slot);
  slot(event.slot).up = true;
  last_down_.reset();
}

void Engine::Implementation::handle(const SlotDown& event, Instant) {
  know(event.slot);
  slot(event.slot).up = false;
  last_down_ = event.error;
  if (event.error.kind == ErrorClass::fatal) stop_failing(event.error);
}

/// A pace that follows a lag moves several times a second; who reads the log wants to know what it
/// is owed to, and roughly how much.
bool Engine::Implementation::is_notable(const PaceChanged& event, Instant now) const {
  if (event.stopped != noted_pace_.stopped || event.paused != noted_pace_.paused) return true;
  if (event.limit != noted_pace_.limit) return true;
  if (event.reason == noted_pace_.reason) return false;
  if (now - pace_noted_at_ >= pace_noted_every) return true;
  return event.fraction > 2 * noted_pace_.fraction || 2 * event.fraction < noted_pace_.fraction;
}

void Engine::Implementation::handle(const PaceChanged& event, Instant now) {
  pace_ = event;
  if (!is_notable(event, now)) return;
  note(Note::Kind::throttle, event.paused ? "paused" : (event.stopped ? "stopped" : "slowed"),
       event.reason.empty() ? "at full speed again" : event.reason);
  noted_pace_ = event;
  pace_noted_at_ = now;
}

void Engine::Implementation::handle(const CompanySeen& event, Instant) {
  sizer_.set_target(event.others_write ? batch_time_beside_writers : batch_time_alone);
  if (event.cpus > 0) concurrency_.on_activity(event.others_active, event.cpus);
}

void Engine::Implementation::handle(const WaiterSeen& event, Instant now) {
  Slot& held = slot(event.slot);
  if (held.doing != Slot::Doing::batch) return;
  if (held.cancelled) {
    // For another reason perhaps, and the request may have been lost: now there is more of a hurry.
    held.cancel_again_at = std::min(held.cancel_again_at, now + cancel_interval_for_waiter);
    return;
  }
  held.waiter = event.who;
  note(Note::Kind::throttle, "lock_wait",
       fmt::format("{} waits for {}: cancelling it", event.who, to_string(held.batch.bounds)));
  cancel(event.slot, held, now);
}

void Engine::Implementation::handle(const RowsHeld& event, Instant) {
  Slot& waiting = slot(event.slot);
  if (waiting.doing == Slot::Doing::batch) waiting.held_by = event.by;
}

void Engine::Implementation::handle(const SettingsChanged& event, Instant now) {
  settings_.pace = event.pace;
  settings_.safety = event.safety;
  sizer_.set(event.pace.batch);
  concurrency_.set_max(event.pace.connections);
  rate_.set(rows_per_second(), now);
  // A longer statement_timeout may let probes read further again.
  probe_keys_max_.reset();
}

void Engine::Implementation::handle(const StopRequested& event, Instant now) {
  if (!stopping_) stopping_ = event;
  if (event.cancel) {
    stopping_->cancel = true;
    cancel_all(now);
  }
}

void Engine::Implementation::handle(const LeaseLost& event, Instant now) {
  lease_lost_ = event.error;
  cancel_all(now);
}

void Engine::Implementation::handle(const Woken&, Instant) {}

void Engine::Implementation::note(Note::Kind kind, std::string reason, std::string text) {
  actions_.emplace_back(Note{kind, std::move(reason), std::move(text)});
}

}  // namespace backfill
