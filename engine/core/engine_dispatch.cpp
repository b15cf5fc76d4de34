#include <algorithm>
#include <utility>

#include "core/engine_implementation.hpp"

namespace backfill {

namespace {

/// A range is about this many keys: small enough that the last ones do not leave workers idle,
/// large enough that opening one (a commit of its own) is nothing beside its batches.
constexpr std::int64_t range_keys_default = 20'000;
constexpr std::int64_t range_keys_min = 2'000;
constexpr std::int64_t range_keys_max = 100'000;
/// Ranges per slot that a small table is cut into, so that all slots end at about the same time.
constexpr std::int64_t ranges_per_slot = 4;
/// A range should be worth several batches, whatever their size.
constexpr std::int64_t batches_per_range_min = 4;
/// Boundaries are cut finer than batches, so that a batch can follow the sizer to within an eighth.
constexpr std::int64_t ticks_per_batch = 4;
/// What one probe may bring back: bounds the client's memory and the probe's time.
constexpr std::int64_t ticks_per_probe_max = 1'000;
/// Ranges kept ready beyond those that slots work on: probing runs well ahead of the updates, for
/// they clear the visibility map and a probe behind them would have to read the heap.
constexpr std::size_t ranges_ahead = 2;
/// At a tenth of the rows four visits took twice the time of one; at half they had gained as much
/// as they cost.
constexpr double changing_min = 0.5;
/// After a batch of seconds a slot goes on some time at the slowest pace too.
constexpr Duration rest_max = std::chrono::seconds{10};
/// However many ranges are set aside (locked rows), no more than this many stay open per slot.
constexpr std::size_t open_ranges_per_slot_max = 16;

}  // namespace

Engine::Implementation::Implementation(SweepSettings settings, std::vector<KnownRange> known,
                                       int slots)
    : settings_(std::move(settings)),
      ledger_(std::move(known), settings_.whole_table),
      slots_(static_cast<std::size_t>(slots)),
      sizer_(settings_.pace.batch),
      concurrency_(std::min(slots, settings_.pace.connections)),
      rate_(rows_per_second()),
      random_(settings_.seed),
      quarantined_(settings_.quarantined.begin(), settings_.quarantined.end()) {
  BACKFILL_CHECK(slots > 0, "a sweep needs at least one slot");
}

std::vector<Action> Engine::Implementation::step(Instant now) {
  repeat_cancels(now);
  if (may_start()) {
    int active = 0;
    for (std::size_t i = 0; i < slots_.size() && active < slots_limit(); ++i) {
      Slot& candidate = slots_[i];
      if (!candidate.up) continue;
      ++active;
      if (candidate.doing != Slot::Doing::nothing || rests_until(candidate) > now) continue;
      if (busy() >= slots_limit()) break;
      start_one(SlotId{static_cast<int>(i)}, candidate, now);
    }
  }
  finish_if_idle();
  plan_wake(now);
  measure_waits(now);
  return std::exchange(actions_, {});
}

bool Engine::Implementation::may_start() const {
  return !ending() && !pace_.stopped;
}

/// Most urgent first: doubts, then the chain of ranges, then batches, then looking ahead.
void Engine::Implementation::start_one(SlotId id, Slot& slot, Instant now) {
  if (settle_or_open(id, slot, now)) return;
  for (Range* range : ready_ranges(slot, now)) {
    if (start_range_work(id, slot, *range, now)) return;
  }
  if (wants_frontier_probe(now)) {
    occupy(slot, Slot::Doing::probe, slot.range);
    StartProbe start{id, frontier_probe()};
    ask(slot, Slot::ProbeFor::frontier, start.probe);
    actions_.emplace_back(std::move(start));
  }
}

bool Engine::Implementation::settle_or_open(SlotId id, Slot& slot, Instant now) {
  bool opening = std::ranges::any_of(
      slots_, [](const Slot& other) { return other.doing == Slot::Doing::open; });
  for (auto& [range_id, range] : ledger_.open()) {
    if (range.doing == Range::Doing::nothing && range.in_doubt && range.not_before <= now) {
      range.doing = Range::Doing::settling;
      occupy(slot, Slot::Doing::settle, range_id);
      SettleRange settle{id, range_id, std::nullopt, range.settlements + Settlements{1}};
      const auto doubt = doubts_.find(range_id);
      if (doubt != doubts_.end() && doubt->second.batch) {
        settle.doubtful = doubt->second.batch;
      }
      actions_.emplace_back(std::move(settle));
      return true;
    }
    // Ranges are opened one after another, so that the chain in the database has no hole.
    if (range.doing != Range::Doing::opening || opening) continue;
    opening = true;
    if (range.not_before > now) continue;
    occupy(slot, Slot::Doing::open, range_id);
    actions_.emplace_back(
        OpenRange{id, range_id, range.bounds, range.keys_ahead(), range.stripe.of});
    return true;
  }
  return false;
}

/// First the stripe that the slot is in the middle of (its pages are warm), then later stripes
/// whose time has come, so that few ranges are half done, then new ranges; the lowest first. A
/// stripe whose time has not come is still better than nothing to do.
std::vector<Range*> Engine::Implementation::ready_ranges(const Slot& slot, Instant now) {
  std::vector<Range*> ready;
  for (auto& [id, range] : ledger_.open()) {
    if (range.doing != Range::Doing::nothing || range.in_doubt || range.not_before > now) continue;
    ready.push_back(&range);
  }
  const auto turn = [&](const Range* range) {
    if (range->id == slot.range && !range->between_stripes()) return 0;
    if (range->stripe.no == 0) return 2;
    return may_begin_stripe(*range) ? 1 : 3;
  };
  std::ranges::sort(ready, {},
                    [&](const Range* range) { return std::pair{turn(range), range->id}; });
  return ready;
}

/// PostgreSQL can prune what a stripe replaced once no snapshot can see it any more. Of our own
/// snapshots those may that were taken before the stripe's last commit.
bool Engine::Implementation::may_begin_stripe(const Range& range) const {
  return !range.between_stripes() || std::ranges::none_of(slots_, [&](const Slot& slot) {
    return slot.doing == Slot::Doing::batch && slot.number < range.waits_for_batch;
  });
}

bool Engine::Implementation::start_range_work(SlotId id, Slot& slot, Range& range, Instant now) {
  if (range.suspicion && !range.suspicion->looked) {
    range.doing = Range::Doing::probing;
    occupy(slot, Slot::Doing::probe, range.id);
    StartProbe start{id, singling_probe(range)};
    ask(slot, Slot::ProbeFor::single_out, start.probe);
    actions_.emplace_back(std::move(start));
    return true;
  }
  const RowCount want = wanted_keys(range);
  std::optional<Batch> batch =
      RangeLedger::next_batch(range, want, most_keys(range), settings_.purpose);
  if (batch) {
    if (rate_.next_start(now) > now) return false;
    start_batch(id, slot, range, std::move(*batch), now);
    return true;
  }
  if (!range.ticks.empty() || !range.ticks_complete) {
    range.doing = Range::Doing::probing;
    occupy(slot, Slot::Doing::probe, range.id);
    const bool refining = !range.ticks.empty();
    StartProbe start{id, refining ? refining_probe(range) : extending_probe(range)};
    ask(slot, refining ? Slot::ProbeFor::refine : Slot::ProbeFor::extend, start.probe);
    actions_.emplace_back(std::move(start));
    return true;
  }
  range.doing = Range::Doing::closing;
  occupy(slot, Slot::Doing::close, range.id);
  slot.record = take_records(range.id, false);
  actions_.emplace_back(CloseRange{id, range.id, range.cursor, slot.record, range.settlements});
  return true;
}

void Engine::Implementation::start_batch(SlotId id, Slot& slot, Range& range, Batch batch,
                                         Instant now) {
  batch.record = take_records(range.id, false);
  batch.settlements = range.settlements;
  const bool last_ticks = batch.bounds.through == range.ticks.back().key;
  StartBatch start{id, std::move(batch), std::nullopt};
  occupy(slot, Slot::Doing::batch, range.id);
  if (wants_frontier_probe(now)) {
    start.ahead = frontier_probe();
    ask(slot, Slot::ProbeFor::frontier, *start.ahead);
  } else if (last_ticks && !start.batch.closes_range && !start.batch.ends_stripe) {
    // Behind the last key of an open-ended range there may be new rows by the time it is done.
    range.ticks_complete = false;
    start.ahead = extending_probe(range);
    ask(slot, Slot::ProbeFor::extend, *start.ahead);
  }
  if (last_ticks && range.open_ended()) range.ticks_complete = false;
  range.doing = Range::Doing::batch;
  slot.batch = start.batch;
  slot.number = ++last_number_;
  actions_.emplace_back(std::move(start));
}

bool Engine::Implementation::wants_frontier_probe(Instant now) const {
  if (!ledger_.has_frontier() || frontier_probing_ || frontier_not_before_ > now) return false;
  const auto& open = ledger_.open();
  const auto limit = static_cast<std::size_t>(slots_limit());
  if (open.size() >= limit * open_ranges_per_slot_max) return false;
  const auto usable = std::ranges::count_if(
      open, [now](const auto& entry) { return entry.second.not_before <= now; });
  return static_cast<std::size_t>(usable) < limit + ranges_ahead;
}

Probe Engine::Implementation::frontier_probe() const {
  const Cut fine = cut();
  return Probe{ledger_.beyond_frontier(), fine.every, fine.limit};
}

Probe Engine::Implementation::extending_probe(const Range& range) const {
  const Cut fine = cut();
  return Probe{RangeLedger::beyond_ticks(range), fine.every, fine.limit};
}

/// For finer boundaries before the range's first one.
Probe Engine::Implementation::refining_probe(const Range& range) const {
  RowCount every = wanted_keys(range);
  if (range.careful_size) every = std::min(every, *range.careful_size);
  every = std::max(every, RowCount{1});
  const std::int64_t most = every.value * ticks_per_probe_max;
  RowCount limit{std::min(range.ticks.front().keys.value + every.value, most)};
  if (probe_keys_max_) limit = std::min(limit, *probe_keys_max_);
  return Probe{{range.cursor, range.ticks.front().key}, std::min(every, limit), limit};
}

/// For the first row where a batch of one key has failed, and whether there is another.
Probe Engine::Implementation::singling_probe(const Range& range) {
  return Probe{{range.cursor, range.suspicion->through}, RowCount{1}, RowCount{2}};
}

/// Each stripe reads all rows of its range, which pays only where most of them change.
int Engine::Implementation::stripes_of_next_range() const {
  if (settings_.stripes == 1 || settings_.stripes_forced) return settings_.stripes;
  if (!changing_) return settings_.filtered ? 1 : settings_.stripes;
  return *changing_ >= changing_min ? settings_.stripes : 1;
}

RowCount Engine::Implementation::wanted_keys() const {
  if (settings_.pace.batch.fixed_rows) return *settings_.pace.batch.fixed_rows;
  RowCount want = sizer_.target_rows();
  if (const auto most = rows_per_second()) want = std::min(want, *most);
  return std::max(want, RowCount{1});
}

/// A fixed number is one of rows to change, and a stripe changes one row of `stripe.of`.
RowCount Engine::Implementation::wanted_keys(const Range& range) const {
  if (!settings_.pace.batch.fixed_rows) return wanted_keys();
  return RowCount{settings_.pace.batch.fixed_rows->value * range.stripe.of};
}

RowCount Engine::Implementation::most_keys(const Range& range) const {
  const BatchSettings& sizes = settings_.pace.batch;
  const RowCount rows = sizes.fixed_rows.value_or(sizes.max_rows);
  return std::max(RowCount{rows.value * range.stripe.of}, RowCount{1});
}

Cut Engine::Implementation::cut() const {
  const std::int64_t want = wanted_keys().value;
  const bool fixed = settings_.pace.batch.fixed_rows.has_value();
  std::int64_t every = fixed ? want : std::max<std::int64_t>(1, want / ticks_per_batch);
  std::int64_t range_keys = range_keys_default;
  if (settings_.estimated_rows) {
    const auto parts = static_cast<std::int64_t>(slots_.size()) * ranges_per_slot;
    range_keys =
        std::clamp(settings_.estimated_rows->value / parts, range_keys_min, range_keys_max);
  }
  range_keys = std::max(range_keys, want * batches_per_range_min * (fixed ? settings_.stripes : 1));
  if (settings_.range_keys) range_keys = std::max(settings_.range_keys->value, every);
  range_keys = std::min(range_keys, every * ticks_per_probe_max);
  range_keys = (range_keys + every - 1) / every * every;
  if (probe_keys_max_ && range_keys > probe_keys_max_->value) {
    every = std::min(every, probe_keys_max_->value);
    range_keys = probe_keys_max_->value / every * every;
  }
  return {RowCount{every}, RowCount{range_keys}};
}

/// The counts that the next transaction carries: its own range's, and those of ranges that have no
/// batch left to carry them; with `all`, every one.
std::vector<RowsToRecord> Engine::Implementation::take_records(std::optional<RangeId> own,
                                                               bool all) {
  std::vector<RowsToRecord> taken;
  for (auto entry = unrecorded_.begin(); entry != unrecorded_.end();) {
    const bool closed = !ledger_.contains(entry->first);
    if (!all && !closed && entry->first != own) {
      ++entry;
      continue;
    }
    taken.push_back({entry->first, entry->second});
    entry = unrecorded_.erase(entry);
  }
  return taken;
}

void Engine::Implementation::occupy(Slot& slot, Slot::Doing doing, RangeId range) {
  BACKFILL_CHECK(slot.up && slot.doing == Slot::Doing::nothing, "a busy slot was given more work");
  slot.doing = doing;
  slot.range = range;
}

void Engine::Implementation::ask(Slot& slot, Slot::ProbeFor what, const Probe& probe) {
  slot.probe_for = what;
  slot.probe_keys = probe.limit;
  if (what == Slot::ProbeFor::frontier) frontier_probing_ = true;
}

void Engine::Implementation::finish_if_idle() {
  if (finished_ || busy() > 0) return;
  const bool completed = ledger_.all_closed() && !failure_ && !lease_lost_;
  if (!completed && !ending()) return;
  finished_ = true;
  Finish finish;
  if (lease_lost_) {
    finish.how = Finish::How::lease_lost;
    finish.error = *lease_lost_;
  } else if (failure_) {
    finish.how = Finish::How::failed;
    finish.error = *failure_;
  } else if (!completed) {
    finish.how = Finish::How::stopped;
    finish.reason = stopping_->reason;
  }
  finish.record = take_records(std::nullopt, true);
  actions_.emplace_back(std::move(finish));
}

void Engine::Implementation::plan_wake(Instant now) {
  wake_at_.reset();
  if (finished_) return;
  const auto consider = [&](Instant at) {
    if (at > now && (!wake_at_ || at < *wake_at_)) wake_at_ = at;
  };
  for (const Slot& slot : slots_) {
    if (slot.doing != Slot::Doing::nothing && slot.cancelled) consider(slot.cancel_again_at);
  }
  if (!may_start()) return;
  for (const Slot& resting : slots_) {
    if (resting.up && resting.doing == Slot::Doing::nothing) consider(rests_until(resting));
  }
  for (const auto& [id, range] : ledger_.open()) consider(range.not_before);
  consider(frontier_not_before_);
  consider(rate_.next_start(now));
}

/// At the pace in force, not that of the moment when the rest began: one that rises is felt at
/// once, and lets nobody go before its time.
Instant Engine::Implementation::rests_until(const Slot& slot) const {
  const auto worked = static_cast<double>(slot.worked.count());
  const double rest = worked * (1.0 / pace_.fraction - 1.0);
  return slot.worked_until + Duration{static_cast<Duration::rep>(
                                 std::min(rest, static_cast<double>(rest_max.count())))};
}

int Engine::Implementation::slots_limit() const {
  return std::clamp(concurrency_.limit(), 1, static_cast<int>(slots_.size()));
}

int Engine::Implementation::busy() const {
  return static_cast<int>(std::ranges::count_if(
      slots_, [](const Slot& slot) { return slot.doing != Slot::Doing::nothing; }));
}

}  // namespace backfill
