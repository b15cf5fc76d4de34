#include <algorithm>

#include "core/sqlstate.hpp"
#include "sim/oracle.hpp"
#include "sim/violation.hpp"

namespace backfill::sim {

namespace {

constexpr Duration longest_cancel_gap = std::chrono::seconds(2);
/// What is locked by others is worth that many tries for each of `retries`.
constexpr int locked_tries = 10;

}  // namespace

void Oracle::check_start(const StartBatch& start) {
  const Batch& batch = start.batch;
  const RangeView& range = view(batch.range);
  require(range.opened, "a batch of a range that is not open");
  require(!range.closed, "a batch of a range that is closed");
  require(!range.unsettled, "a batch of a range whose last outcome is unknown");
  require(batch.purpose == settings_.purpose, "a batch has another purpose than its sweep");
  require(batch.bounds.through.has_value(), "a batch has no end");
  require(batch.bounds.after == range.cursor, "a batch does not begin at its range's cursor");
  const std::int64_t through = KeyText::number(*batch.bounds.through);
  require(!batch.bounds.after || KeyText::number(*batch.bounds.after) < through,
          "a batch ends before it begins");
  require(!range.bounds.through || through <= KeyText::number(*range.bounds.through),
          "a batch reaches beyond its range");
  require(batch.stripe == range.stripe, "a batch is of another stripe than its range");
  const bool at_end = batch.bounds.through == range.bounds.through;
  require(batch.closes_range == (at_end && range.stripe.last()),
          "a batch closes its range if and only if its last stripe ends there");
  require(batch.ends_stripe == (at_end && !range.stripe.last()),
          "a batch ends its stripe if and only if it ends where the range ends");
  require(range.bounds.through || range.stripe.of == 1, "the open end of the key is striped");
  const BatchSettings& sizes = settings_.pace.batch;
  const std::int64_t most = sizes.fixed_rows.value_or(sizes.max_rows).value * range.stripe.of;
  require(settings_changed_ || batch.keys.value <= most,
          "a batch is larger than the settings allow");
  check_record(batch.record, batch.range);
  if (batch.quarantine) check_quarantine(batch);
}

void Oracle::check_quarantine(const Batch& batch) const {
  require(settings_.on_error.quarantine.has_value(),
          "a row was set aside that was to stop the job");
  require(batch.quarantine->key == batch.bounds.through && batch.keys == RowCount(1),
          "a batch into quarantine is not of its one row");
  require(batch.quarantine->sqlstate == "22P02", "a row is in quarantine for another's reason");
}

void Oracle::check_start(const StartProbe& start) const {
  const Probe& probe = start.probe;
  require(probe.every.value >= 1 && probe.limit >= probe.every, "a probe that can find nothing");
  require(!probe.within.after || !probe.within.through ||
              KeyText::number(*probe.within.after) < KeyText::number(*probe.within.through),
          "a probe of an empty stretch");
}

void Oracle::check_start(const OpenRange& start) {
  const auto known = ranges_.find(start.range);
  if (known != ranges_.end()) {
    require(!known->second.opened, "a range was opened twice");
    require(known->second.bounds == start.bounds, "a range was opened again with other bounds");
    return;
  }
  require(settings_.whole_table, "a range was opened beyond those that were given");
  const auto follows = [&](const auto& other) {
    return other.second.bounds.through && other.second.bounds.through == start.bounds.after;
  };
  require(start.bounds.after ? std::any_of(ranges_.begin(), ranges_.end(), follows)
                             : std::none_of(ranges_.begin(), ranges_.end(),
                                            [](const auto& r) { return !r.second.bounds.after; }),
          "a range does not begin where another ends: the chain is broken");
  RangeView view;
  view.bounds = start.bounds;
  view.cursor = start.bounds.after;
  view.stripe.of = start.stripes;
  ranges_.emplace(start.range, std::move(view));
}

void Oracle::check_start(const CloseRange& start) {
  const RangeView& range = view(start.range);
  require(range.opened && !range.closed, "a range was closed that is not open");
  require(!range.unsettled, "a range was closed whose last outcome is unknown");
  require(range.cursor == start.cursor, "a range is closed at another key than its cursor");
  check_record(start.record, start.range);
}

void Oracle::check_start(const SettleRange& start) {
  require(view(start.range).opened, "a range was settled that is not open");
}

void Oracle::check_record(const std::vector<RowsToRecord>& record,
                          std::optional<RangeId> own) const {
  for (const RowsToRecord& rows : record) {
    const auto range = ranges_.find(rows.range);
    require(range != ranges_.end() && range->second.opened, "rows recorded for an unknown range");
    // The real server would make this transaction wait for that range's own batch.
    require(rows.range == own || !range->second.in_flight, "rows recorded for a range in flight");
  }
}

void Oracle::check_bucket(Instant now) {
  if (!settings_.pace.rows_per_second || settings_.purpose == Purpose::verify) return;
  const auto rate = static_cast<double>(settings_.pace.rows_per_second->value);
  const auto batch = static_cast<double>(settings_.pace.batch.max_rows.value);
  // One second's worth may come at once, and each slot may be one batch ahead of its share.
  const double most = rate + batch * static_cast<double>(lanes_.size());
  const double seconds = static_cast<double>((now - bucket_at_).count()) / 1e6;
  bucket_ = std::max(0.0, bucket_ - rate * seconds);
  bucket_at_ = now;
  require(settings_changed_ || bucket_ <= most, "more rows a second than the settings allow");
}

/// A cancel request may be lost: it has to come again for as long as there is no outcome.
void Oracle::check_cancels(const Engine& engine, Instant now) const {
  for (const Lane& each : lanes_) {
    if (!each.work || !each.canceled) continue;
    require(now - each.canceled_at < longest_cancel_gap, "a cancel was not asked for again");
    const std::optional<Instant> wake = engine.wake_at();
    require(wake && *wake - each.canceled_at < longest_cancel_gap,
            "nothing will ask for a cancel again");
  }
}

void Oracle::check_gave_up(const Finish& finish) const {
  if (fatal_told_ || probe_failures_ >= retries_least_) return;
  const bool locked = finish.error.sqlstate == sqlstate_lock_timeout;
  const bool exhausted =
      std::any_of(ranges_.begin(), ranges_.end(), [this, locked](const auto& entry) {
        const RangeView& range = entry.second;
        return locked ? range.locked > locked_tries * retries_least_
                      : range.failures + probe_failures_ > retries_least_;
      });
  require(exhausted, "the engine gave up before its retries were used up");
}

bool Oracle::names_what_failed_alone(const std::string& context) const {
  if (context.ends_with(", where no row is")) return !failed_alone_.empty();
  return std::any_of(failed_alone_.begin(), failed_alone_.end(), [&](const KeyValue& key) {
    return context.ends_with(" of key " + to_string(key));
  });
}

void Oracle::check_finish(const Finish& finish) const {
  require(busy() == 0, "the engine finished with something in flight");
  check_record(finish.record, std::nullopt);
  switch (finish.how) {
    case Finish::How::completed:
      for (const auto& [id, range] : ranges_) {
        require(range.opened && range.closed, "completed with a range that is not closed");
      }
      break;
    case Finish::How::stopped:
      require(draining_, "the engine stopped though nobody asked for it");
      break;
    case Finish::How::lease_lost:
      require(lease_lost_, "the engine says that the lease is lost, which it was never told");
      break;
    case Finish::How::failed:
      require(!finish.error.message.empty(), "the engine failed without a message");
      if (finish.error.kind == ErrorClass::row) {
        require(names_what_failed_alone(finish.error.context),
                "a bad row was not bisected down to its key");
      } else {
        check_gave_up(finish);
      }
      break;
  }
}

void check_completed(const Server& server, const Table& table, Purpose purpose, bool whole_table,
                     bool lossy) {
  std::vector<KeyRange> chain;
  for (const auto& [id, row] : server.ranges()) {
    require(row.closed, "completed, and the server has a range that is not closed");
    require(lossy || row.rows_recorded == row.rows_changed,
            "fewer rows were recorded than were changed, though no count was lost");
    chain.push_back(row.bounds);
  }
  const auto from = [](const KeyRange& r) { return r.after ? KeyText::number(*r.after) : -1; };
  std::sort(chain.begin(), chain.end(),
            [&](const KeyRange& a, const KeyRange& b) { return from(a) < from(b); });
  if (whole_table) {
    require(!chain.empty() && !chain.front().after, "no range covers the beginning of the key");
    require(!chain.back().through, "no range covers the end of the key");
    for (std::size_t i = 1; i < chain.size(); ++i) {
      require(chain[i - 1].through == chain[i].after, "the chain of ranges has a gap");
    }
  }
  for (const auto& [key, row] : table.rows()) {
    const bool covered = std::any_of(chain.begin(), chain.end(), [k = key](const KeyRange& range) {
      return Table::holds(range, k);
    });
    require(row.visits <= 1, "a row was done twice");
    require(row.named <= 1, "a row was named twice");
    require(row.visits + row.named <= 1, "a row was done and named");
    if (purpose == Purpose::copy) require(row.n == row.visits, "a row was changed twice");
    if (!covered)
      require(row.visits == 0, "a row was done that no range covers");
    else if (row.original)
      require(row.visits + row.named == 1, "a row was skipped");
  }
}

}  // namespace backfill::sim
