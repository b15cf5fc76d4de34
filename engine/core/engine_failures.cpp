#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "core/engine_implementation.hpp"
#include "core/sqlstate.hpp"

namespace backfill {

namespace {

/// A cancel request travels on a connection of its own and may be lost, or come before what it was
/// meant for: it is asked for again until the outcome is there. Each one costs the server a
/// process, so not too often.
constexpr Duration cancel_interval = std::chrono::seconds{1};

/// A probe that timed out reads a quarter of its keys the next time: nine tries reach one key from
/// any size. It may grow again after some that went well, so that one in nine times out at most.
constexpr std::int64_t probe_shrink = 4;
constexpr int probes_before_growth = 8;
constexpr std::int64_t probe_keys_unlimited = 1 << 20;

/// What a stretch of more rows than were counted is taken for, at least, until it is refined.
constexpr std::int64_t uncounted_keys_min = 64;

constexpr std::string_view query_canceled = "57014";

std::string_view purpose_name(Purpose purpose) {
  switch (purpose) {
    case Purpose::copy: return "copy";
    case Purpose::verify: return "verify";
    case Purpose::repair: return "repair";
  }
  return "batch";
}

std::string reason_of(const Error& error) {
  if (error.sqlstate == "40P01") return "deadlock";
  if (error.sqlstate == "40001") return "serialization_failure";
  if (error.sqlstate == sqlstate_lock_timeout) return "lock_timeout";
  if (error.sqlstate == query_canceled) return "statement_timeout";
  if (error.sqlstate == sqlstate_checkpoint_moved) return "checkpoint_moved";
  if (error.kind == ErrorClass::ambiguous) return "commit_in_doubt";
  if (error.kind == ErrorClass::reconnect) return "connection_lost";
  if (error.kind == ErrorClass::row) return "row_failed";
  return error.sqlstate.empty() ? "error" : error.sqlstate;
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// What may repeat for hours is told at its first, second, fourth, eighth… time.
bool is_telling(int tries) {
  return std::has_single_bit(static_cast<unsigned>(tries));
}

}  // namespace

void Engine::Implementation::fail_batch(Slot& failed, Range& range, const Error& error,
                                        Instant now) {
  const Batch& batch = failed.batch;
  const std::string what = to_string(batch.bounds, batch.keys);
  // Of keys that are tried again in small pieces only their first failure says something about the
  // sizes that other keys can have.
  const bool news = !range.careful_size;
  // Whoever was seen last stays named where a short wait ended unseen.
  if (!failed.held_by.empty()) range.held_by = failed.held_by;
  if (failed.cancelled && error.sqlstate == query_canceled) {
    if (failed.waiter.empty()) return;  // Cancelled because the sweep ends.
    if (news) {
      sizer_.on_timeout(batch.keys);
      concurrency_.on_conflict(now);
    }
    be_careful(range, batch.keys);
    set_aside(range, Setback::yielded, error, what, now);
    return;
  }
  switch (error.kind) {
    case ErrorClass::retry_batch:
      if (news) {
        sizer_.on_conflict(batch.keys);
        concurrency_.on_conflict(now);
      }
      be_careful(range, batch.keys);
      set_aside(range, setback_of(error), error, what, now);
      return;
    case ErrorClass::shrink_batch:
      sizer_.on_timeout(batch.keys);
      be_careful(range, batch.keys);
      set_aside(range, Setback::failed, error, what, now);
      return;
    case ErrorClass::reconnect: set_aside(range, Setback::failed, error, what, now); return;
    case ErrorClass::row:
      if (batch.quarantine) break;
      ++retries_;
      if (batch.keys > RowCount{1}) {
        // Bisect: half of the keys at once, until the one that fails stands alone.
        be_careful(range, batch.keys);
      } else {
        suspect(range, batch, error);
      }
      return;
    case ErrorClass::lease_lost:
      lease_lost_ = error;
      failed.cancelled = true;  // Its outcome is here: nothing is left to cancel.
      cancel_all(now);
      return;
    case ErrorClass::ambiguous:
    case ErrorClass::fatal: break;
  }
  Error final = error;
  final.context = batch.quarantine ? fmt::format("writing {} into the quarantine", what)
                                   : fmt::format("{} of {}", purpose_name(batch.purpose), what);
  stop_failing(std::move(final));
}

void Engine::Implementation::be_careful(Range& range, RowCount keys) {
  range.careful_size = RowCount{std::max<std::int64_t>(1, keys.value / 2)};
  range.careful_keys = keys;
}

// ---- rows that fail for their own reason -----------------------------------------------------

/// A batch of one key may have more rows than were counted (others have inserted since), or end
/// where no row is any more. So the batch fails first, and then it is looked at what it held: a row
/// that came after the look would be tried, and looked for, again.
void Engine::Implementation::suspect(Range& range, const Batch& batch, const Error& error) {
  Suspicion suspicion;
  suspicion.error = error;
  suspicion.through = *batch.bounds.through;
  suspicion.vacant = range.suspicion && range.suspicion->vacant;
  range.suspicion = std::move(suspicion);
}

void Engine::Implementation::made_out(Range& range, const ProbeResult& found) {
  Suspicion& suspicion = *range.suspicion;
  if (!found.ticks.empty()) {
    suspicion.vacant = false;
    suspicion.looked = true;
    const RowCount uncounted{std::max(2 * wanted_keys(range).value, uncounted_keys_min)};
    if (RangeLedger::single_out(range, found, uncounted)) judge(range);
    return;
  }
  if (suspicion.vacant) {
    Error final = suspicion.error;
    final.context = fmt::format("{} of {}, where no row is", purpose_name(settings_.purpose),
                                to_string(KeyRange{range.cursor, suspicion.through}));
    return stop_failing(std::move(final));
  }
  suspicion.vacant = true;  // The row has gone: the next try should succeed.
  suspicion.looked = true;
}

void Engine::Implementation::judge(Range& range) {
  Suspicion& suspicion = *range.suspicion;
  const KeyValue row = range.ticks.front().key;
  const std::string objection = objection_to_quarantine(row);
  if (objection.empty()) {
    quarantined_.insert(row);
    suspicion.row = row;
    return;
  }
  Error final = suspicion.error;
  final.context = fmt::format("{} of key {}", purpose_name(settings_.purpose), to_string(row));
  const std::string_view separator = final.hint.empty() ? "" : " ";
  final.hint = fmt::format("{}{}{}", final.hint, separator, objection);
  stop_failing(std::move(final));
}

/// Why the row may not go into quarantine; empty when it may. One that is there already, from an
/// earlier sweep, says nothing new.
std::string Engine::Implementation::objection_to_quarantine(const KeyValue& row) {
  const std::optional<int> most = settings_.on_error.quarantine;
  if (!most) {
    return "Mend the row, or the rule that it breaks; or let the job go on without such rows: "
           "`on_error: {quarantine: 100}`";
  }
  if (quarantined_.contains(row)) return {};
  failure_score_.failed();
  if (failure_score_.mostly_fails()) {
    return fmt::format(
        "Rows mostly fail: lately {} more failed than went through. So it is rather the "
        "expression, "
        "or a rule of the table, that is wrong",
        FailureScore::limit);
  }
  if (quarantined_.size() < static_cast<std::size_t>(*most)) return {};
  return fmt::format("{} row{} in quarantine, and `on_error` allows no more", quarantined_.size(),
                     quarantined_.size() == 1 ? " is" : "s are");
}

// ---- another time ----------------------------------------------------------------------------

/// The range waits for its next try, and the other ranges go on meanwhile.
void Engine::Implementation::set_aside(Range& range, Setback setback, const Error& error,
                                       const std::string& what, Instant now) {
  ++retries_;
  const Patience::Verdict verdict =
      range.patience.on(setback, settings_.safety.retries, batches_, random_);
  if (verdict.exhausted) return give_up(range, setback, error, what, verdict.tries);
  range.not_before = now + verdict.pause;
  const std::string_view purpose = purpose_name(settings_.purpose);
  const std::int64_t pause = milliseconds(verdict.pause);
  switch (setback) {
    case Setback::failed:
      note(Note::Kind::retry, reason_of(error),
           fmt::format("{} of {} failed: {}; next try ({} of {}) in {} ms", purpose, what,
                       describe(error), verdict.tries, verdict.limit, pause));
      return;
    case Setback::locked:
      if (!is_telling(verdict.tries)) return;
      note(Note::Kind::retry, reason_of(error),
           fmt::format("{} of {} set aside, its rows are locked by {}: {}; try {} in {} ms",
                       purpose, what, range.held_by.empty() ? "others" : range.held_by,
                       describe(error), verdict.tries + 1, pause));
      return;
    case Setback::yielded:
      if (!is_telling(verdict.tries)) return;
      note(Note::Kind::retry, "gave_way",
           fmt::format("{} of {} gave way to another session; again, smaller, in {} ms", purpose,
                       what, pause));
      return;
  }
}

void Engine::Implementation::give_up(const Range& range, Setback setback, const Error& error,
                                     const std::string& what, int tries) {
  Error final = error;
  final.context =
      fmt::format("{} of {}, after {} tries", purpose_name(settings_.purpose), what, tries);
  if (setback == Setback::locked) {
    final.message =
        range.held_by.empty()
            ? fmt::format("{} stayed locked by others: {}", what, error.message)
            : fmt::format("{} stayed locked by {}: {}", what, range.held_by, error.message);
    final.hint =
        range.held_by.empty()
            ? "Another transaction holds these rows: find it in pg_locks and "
              "pg_stat_activity (often idle in transaction), end it, and run the job again."
            : "End that transaction, and run the job again.";
  }
  stop_failing(std::move(final));
}

Setback Engine::Implementation::setback_of(const Error& error) {
  return error.sqlstate == sqlstate_lock_timeout ? Setback::locked : Setback::failed;
}

// ---- probes ----------------------------------------------------------------------------------

void Engine::Implementation::fail_frontier_probe(const Error& error, bool shrunk, Instant now) {
  ++retries_;
  if (shrunk) {
    // Another question now, which has used up nothing of its tries.
    frontier_not_before_ = now + Backoff().next(random_);
    note(Note::Kind::retry, reason_of(error),
         fmt::format("looking ahead failed: {}; trying again with {} keys at most", describe(error),
                     probe_keys_max_->value));
    return;
  }
  frontier_not_before_ = now + frontier_backoff_.next(random_);
  if (frontier_backoff_.attempts() > settings_.safety.retries) return stop_failing(error);
  note(Note::Kind::retry, reason_of(error),
       fmt::format("looking ahead failed: {}; next try ({} of {}) in {} ms", describe(error),
                   frontier_backoff_.attempts(), settings_.safety.retries,
                   milliseconds(frontier_not_before_ - now)));
}

/// After a timeout probes read fewer keys. False when that was not the error, or there are no
/// fewer.
bool Engine::Implementation::shrink_probes(const Slot& asked, const Error& error) {
  if (error.kind != ErrorClass::shrink_batch || asked.probe_keys <= RowCount{1}) return false;
  const RowCount fewer{std::max<std::int64_t>(1, asked.probe_keys.value / probe_shrink)};
  probe_keys_max_ = std::min(probe_keys_max_.value_or(fewer), fewer);
  probes_since_timeout_ = 0;
  return true;
}

void Engine::Implementation::probe_answered() {
  if (!probe_keys_max_ || ++probes_since_timeout_ < probes_before_growth) return;
  probes_since_timeout_ = 0;
  probe_keys_max_ = RowCount{2 * probe_keys_max_->value};
  if (probe_keys_max_->value > probe_keys_unlimited) probe_keys_max_.reset();
}

// ---- the end ---------------------------------------------------------------------------------

/// Whether the error leaves no way on; then the sweep has begun to end.
bool Engine::Implementation::ends_the_sweep(const Error& error, std::string_view what,
                                            Instant now) {
  if (error.kind == ErrorClass::lease_lost) {
    lease_lost_ = error;
    cancel_all(now);
    return true;
  }
  if (error.kind != ErrorClass::fatal && error.kind != ErrorClass::row) return false;
  Error final = error;
  if (final.context.empty()) final.context = what;
  stop_failing(std::move(final));
  return true;
}

void Engine::Implementation::stop_failing(Error error) {
  if (!failure_) failure_ = std::move(error);
}

void Engine::Implementation::cancel(SlotId id, Slot& busy, Instant now) {
  busy.cancelled = true;
  busy.cancel_again_at = now + (busy.waiter.empty() ? cancel_interval : cancel_interval_for_waiter);
  actions_.emplace_back(CancelSlot{id});
}

void Engine::Implementation::cancel_all(Instant now) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& busy = slots_[i];
    if (busy.doing == Slot::Doing::nothing || busy.cancelled) continue;
    cancel(SlotId{static_cast<int>(i)}, busy, now);
  }
}

void Engine::Implementation::repeat_cancels(Instant now) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& busy = slots_[i];
    if (busy.doing == Slot::Doing::nothing || !busy.cancelled || busy.cancel_again_at > now) {
      continue;
    }
    cancel(SlotId{static_cast<int>(i)}, busy, now);
  }
}

}  // namespace backfill
