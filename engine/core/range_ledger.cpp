#include "core/range_ledger.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace backfill {

RowCount Range::keys_ahead() const {
  // A stripe makes its share of each tick's keys; the shares are cut as `share_of` cuts them.
  const auto done_before = [this](const Tick& tick, int no) {
    return RowCount{tick.keys.value * no / stripe.of};
  };
  RowCount seen;
  for (const Tick& tick : ticks) seen += tick.keys - done_before(tick, stripe.no);
  for (const Tick& tick : visited) seen += tick.keys - done_before(tick, stripe.no + 1);
  const bool all_seen = ticks_complete && (visited_whole || stripe.last());
  return all_seen ? seen : std::max(seen, keys_expected - keys_done);
}

RangeLedger::RangeLedger(std::vector<KnownRange> known, bool whole_table)
    : last_planned_(!whole_table) {
  std::ranges::sort(known, {}, &KnownRange::id);
  for (KnownRange& range : known) {
    BACKFILL_CHECK(range.id >= next_id_, "two ranges of one sweep have the same number");
    BACKFILL_CHECK(!whole_table || (!last_planned_ && range.bounds.after == frontier_),
                   "the ranges of a sweep do not form a chain");
    next_id_ = range.id + RangeId{1};
    frontier_ = range.bounds.through;
    if (whole_table) last_planned_ = !range.bounds.through.has_value();
    keys_done_ += range.closed ? std::max(range.keys, range.keys_done) : range.keys_done;
    if (range.closed) {
      last_closed_ = range.id;
      closed_through_ = range.cursor;
      continue;
    }
    Range& open = open_[range.id];
    open.id = range.id;
    open.bounds = std::move(range.bounds);
    open.cursor = std::move(range.cursor);
    open.stripe = range.stripe;
    open.visited_whole = open.cursor == open.bounds.after;
    open.keys_done = range.keys_done;
    open.keys_expected = range.keys;
    open.settlements = range.settlements;
    open.doing = Range::Doing::nothing;
  }
}

Range& RangeLedger::plan(const ProbeResult& found, int stripes) {
  BACKFILL_CHECK(!last_planned_, "a range was planned behind the last one");
  const RangeId id = next_id_;
  next_id_ += RangeId{1};
  Range& range = open_[id];
  range.id = id;
  range.bounds.after = frontier_;
  range.cursor = frontier_;
  if (found.exhausted) {
    last_planned_ = true;
  } else {
    BACKFILL_CHECK(!found.ticks.empty(), "a probe that saw keys gave no boundary");
    frontier_ = found.ticks.back().key;
    range.bounds.through = frontier_;
    range.stripe.of = stripes;
  }
  append_ticks(range, found);
  range.ticks_complete = true;
  range.keys_expected = range.keys_ahead();
  return range;
}

void RangeLedger::extend(Range& range, const ProbeResult& found) {
  append_ticks(range, found);
  const bool reached_end = !found.ticks.empty() && found.ticks.back().key == range.bounds.through;
  range.ticks_complete = found.exhausted || reached_end;
  if (!range.ticks_complete || range.open_ended()) return;
  // The last batch reaches to the range's end, also when the key that stood there is gone. (The
  // ticks from before may belong to a batch in flight and stay as they are.)
  if (found.ticks.empty()) {
    range.ticks.push_back({*range.bounds.through, RowCount{0}});
  } else {
    range.ticks.back().key = *range.bounds.through;
  }
}

void RangeLedger::refine(Range& range, const ProbeResult& found) {
  BACKFILL_CHECK(!range.ticks.empty(), "a range without boundaries was refined");
  Tick coarse = std::move(range.ticks.front());
  range.ticks.pop_front();
  if (found.exhausted && !found.ticks.empty()) {
    std::deque<Tick> finer(found.ticks.begin(), found.ticks.end());
    finer.back().key = std::move(coarse.key);
    range.ticks.insert(range.ticks.begin(), finer.begin(), finer.end());
    return;
  }
  if (!found.ticks.empty() && found.ticks.back().key == coarse.key) {
    // New rows made the probe end at its limit just there.
    range.ticks.insert(range.ticks.begin(), found.ticks.begin(), found.ticks.end());
    return;
  }
  RowCount seen;
  for (const Tick& tick : found.ticks) seen += tick.keys;
  // More keys than the first probe counted (new rows), or none at all (deleted): what lies between
  // the finer boundaries and the coarse one keeps the coarse one as its end.
  coarse.keys = found.exhausted ? RowCount{0} : std::max(RowCount{1}, coarse.keys - seen);
  range.ticks.push_front(std::move(coarse));
  range.ticks.insert(range.ticks.begin(), found.ticks.begin(), found.ticks.end());
}

/// Where there are more rows than were counted, there may be many: they are counted anew.
bool RangeLedger::single_out(Range& range, const ProbeResult& found, RowCount uncounted) {
  BACKFILL_CHECK(range.suspicion && !found.ticks.empty(), "no row was there to be made out");
  const KeyValue through = range.suspicion->through;
  bool reached = false;
  while (!range.ticks.empty() && !reached) {
    reached = range.ticks.front().key == through;
    range.ticks.pop_front();
  }
  BACKFILL_CHECK(reached, "a batch that failed ended at no boundary of its range");
  if (found.ticks.size() > 1) {
    range.ticks.push_front({through, uncounted});
    range.suspicion.reset();
    range.careful_size.reset();
    return false;
  }
  const KeyValue& row = found.ticks.front().key;
  const bool stands_at_end = row == through;
  if (!stands_at_end) range.ticks.push_front({through, RowCount{0}});
  range.ticks.push_front({row, RowCount{1}});
  return stands_at_end;
}

KeyRange RangeLedger::beyond_ticks(const Range& range) {
  if (range.ticks.empty()) return {range.cursor, range.bounds.through};
  return {range.ticks.back().key, range.bounds.through};
}

std::optional<Batch> RangeLedger::next_batch(const Range& range, RowCount want, RowCount most,
                                             Purpose purpose) {
  if (range.ticks.empty()) return std::nullopt;
  if (range.careful_size) want = std::min(want, *range.careful_size);
  const RowCount first = range.ticks.front().keys;
  // A quarter over the wish is near enough; more than that asks for a finer boundary.
  const RowCount enough = std::min(most, RowCount{want.value + want.value / 4});
  if (first > enough && first > RowCount{1}) return std::nullopt;
  Batch batch;
  batch.range = range.id;
  batch.purpose = purpose;
  batch.bounds.after = range.cursor;
  const bool suspected = range.suspicion.has_value();
  std::size_t taken = 0;
  while (taken < range.ticks.size()) {
    const RowCount more = range.ticks[taken].keys;
    if (taken > 0 && (suspected || batch.keys + more > enough)) break;
    batch.keys += more;
    batch.keys_done += share_of(more, range.stripe);
    ++taken;
  }
  batch.bounds.through = range.ticks[taken - 1].key;
  const bool reaches_end =
      taken == range.ticks.size() && range.ticks_complete && !range.open_ended();
  batch.stripe = range.stripe;
  batch.ends_stripe = reaches_end && !range.stripe.last();
  batch.closes_range = reaches_end && range.stripe.last();
  if (suspected && range.suspicion->row) {
    const Suspicion& found = *range.suspicion;
    BACKFILL_CHECK(batch.bounds.through == found.row, "a row was made out that ends no batch");
    batch.quarantine = RowFailure{*found.row, found.error.sqlstate, found.error.message};
  }
  return batch;
}

void RangeLedger::advance(Range& range, const Batch& batch) {
  BACKFILL_CHECK(batch.bounds.after == range.cursor, "a batch did not begin at its range's cursor");
  BACKFILL_CHECK(batch.stripe == range.stripe, "a batch was of another stripe than its range");
  range.cursor = batch.bounds.through;
  range.keys_done += batch.keys_done;
  keys_done_ += batch.keys_done;
  bool reached = false;
  while (!range.ticks.empty() && !reached) {
    reached = range.ticks.front().key == *batch.bounds.through;
    if (!range.stripe.last()) range.visited.push_back(std::move(range.ticks.front()));
    range.ticks.pop_front();
  }
  BACKFILL_CHECK(reached, "a batch ended at no boundary of its range");
  range.suspicion.reset();
  if (batch.ends_stripe) begin_stripe(range, range.stripe.no + 1);
  if (range.careful_size) {
    range.careful_keys -= batch.keys;
    if (range.careful_keys <= RowCount{0}) range.careful_size.reset();
  }
}

void RangeLedger::begin_stripe(Range& range, int no) {
  range.stripe.no = no;
  range.cursor = range.bounds.after;
  range.ticks = std::exchange(range.visited, {});
  range.ticks_complete = range.visited_whole;
  if (!range.visited_whole) range.ticks.clear();
  range.visited_whole = true;
}

void RangeLedger::move_cursor(Range& range, std::optional<KeyValue> cursor, int stripe) {
  range.cursor = std::move(cursor);
  range.stripe.no = stripe;
  range.visited.clear();
  range.visited_whole = range.cursor == range.bounds.after;
  range.ticks.clear();
  range.ticks_complete = false;
  range.careful_size.reset();
  range.suspicion.reset();
}

void RangeLedger::close(RangeId id) {
  const auto found = open_.find(id);
  BACKFILL_CHECK(found != open_.end(), "a range was closed twice");
  if (id > last_closed_) {
    last_closed_ = id;
    closed_through_ = found->second.cursor;
  }
  open_.erase(found);
}

Range& RangeLedger::at(RangeId id) {
  const auto found = open_.find(id);
  BACKFILL_CHECK(found != open_.end(), "a range that is not open was asked for");
  return found->second;
}

RowCount RangeLedger::keys_ahead() const {
  RowCount sum;
  for (const auto& [id, range] : open_) sum += range.keys_ahead();
  return sum;
}

std::optional<KeyValue> RangeLedger::watermark() const {
  if (open_.empty()) return closed_through_;
  const Range& lowest = open_.begin()->second;
  return lowest.stripe.last() ? lowest.cursor : lowest.bounds.after;
}

void RangeLedger::append_ticks(Range& range, const ProbeResult& found) {
  range.ticks.insert(range.ticks.end(), found.ticks.begin(), found.ticks.end());
}

}  // namespace backfill
