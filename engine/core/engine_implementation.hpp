#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/backoff.hpp"
#include "core/batch_sizer.hpp"
#include "core/check.hpp"
#include "core/concurrency.hpp"
#include "core/engine.hpp"
#include "core/failure_score.hpp"
#include "core/random.hpp"
#include "core/range_ledger.hpp"
#include "core/rate_limiter.hpp"
#include "core/wait_meter.hpp"

/// The inside of the engine, in four files: engine_events.cpp takes in what happened,
/// engine_failures.cpp what failed, engine_dispatch.cpp decides what to start, engine_state.cpp
/// tells how things stand.
namespace backfill {

/// How soon a cancel request is repeated for a batch that somebody waits for.
inline constexpr Duration cancel_interval_for_waiter = std::chrono::milliseconds{200};

/// What one slot is doing, and for which range.
struct Slot {
  enum class Doing { nothing, batch, probe, open, close, settle };

  bool up = false;
  Doing doing = Doing::nothing;
  RangeId range;  ///< of the work in flight; afterwards the range it prefers to go on with
  Batch batch;    ///< in flight
  std::uint64_t number = 0;          ///< of that batch, in the order of their starts
  std::vector<RowsToRecord> record;  ///< travelling with a close
  bool cancelled = false;
  Instant cancel_again_at{};
  std::string waiter;   ///< who waited for us, when that is why it was cancelled
  std::string held_by;  ///< whom its batch was last seen waiting for
  Duration worked{};    ///< on its last batch, which it may have to rest from
  Instant worked_until{};

  /// A probe in flight, alone or attached to the batch.
  enum class ProbeFor { nothing, frontier, extend, refine, single_out };
  ProbeFor probe_for = ProbeFor::nothing;
  RowCount probe_keys;  ///< as many as that probe may read
};

class Engine::Implementation {
 public:
  Implementation(SweepSettings settings, std::vector<KnownRange> known, int slots);

  void handle(const BatchDone& event, Instant now);
  void handle(const BatchFailed& event, Instant now);
  void handle(const ProbeDone& event, Instant now);
  void handle(const ProbeFailed& event, Instant now);
  void handle(const RangeOpened& event, Instant now);
  void handle(const RangeClosed& event, Instant now);
  void handle(const RangeFailed& event, Instant now);
  void handle(const RangeSettled& event, Instant now);
  void handle(const SlotUp& event, Instant now);
  void handle(const SlotDown& event, Instant now);
  void handle(const PaceChanged& event, Instant now);
  void measure_waits(Instant now);
  [[nodiscard]] bool is_notable(const PaceChanged& event, Instant now) const;
  void handle(const CompanySeen& event, Instant now);
  void handle(const WaiterSeen& event, Instant now);
  void handle(const RowsHeld& event, Instant now);
  void handle(const SettingsChanged& event, Instant now);
  void handle(const StopRequested& event, Instant now);
  void handle(const LeaseLost& event, Instant now);
  void handle(const Woken& event, Instant now);

  /// Starts whatever may start now, and takes the collected actions.
  [[nodiscard]] std::vector<Action> step(Instant now);

  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] std::optional<Instant> wake_at() const { return wake_at_; }
  [[nodiscard]] SweepState state(Instant now) const;

 private:
  // engine_events.cpp
  void know(SlotId id);
  Slot& slot(SlotId id);
  Slot& busy_slot(SlotId id, Slot::Doing doing);
  void release(Slot& slot);
  void note_changing(const Batch& batch, RowCount rows);
  void batch_committed(Range& range, const Batch& batch);
  void put_back(const std::vector<RowsToRecord>& record);
  [[nodiscard]] std::optional<RowCount> rows_per_second() const;
  [[nodiscard]] std::optional<ByteCount> share_of_wal(
      const std::optional<ByteCount>& written) const;

  // engine_failures.cpp
  void fail_batch(Slot& failed, Range& range, const Error& error, Instant now);
  void fail_frontier_probe(const Error& error, bool shrunk, Instant now);
  void set_aside(Range& range, Setback setback, const Error& error, const std::string& what,
                 Instant now);
  void give_up(const Range& range, Setback setback, const Error& error, const std::string& what,
               int tries);
  [[nodiscard]] static Setback setback_of(const Error& error);
  void be_careful(Range& range, RowCount keys);
  void suspect(Range& range, const Batch& batch, const Error& error);
  void made_out(Range& range, const ProbeResult& found);
  void judge(Range& range);
  [[nodiscard]] std::string objection_to_quarantine(const KeyValue& row);
  bool shrink_probes(const Slot& asked, const Error& error);
  void probe_answered();
  void stop_failing(Error error);
  void cancel(SlotId id, Slot& busy, Instant now);
  void cancel_all(Instant now);
  void repeat_cancels(Instant now);
  bool ends_the_sweep(const Error& error, std::string_view what, Instant now);

  // engine_dispatch.cpp
  [[nodiscard]] bool may_start() const;
  void start_one(SlotId id, Slot& slot, Instant now);
  bool settle_or_open(SlotId id, Slot& slot, Instant now);
  [[nodiscard]] std::vector<Range*> ready_ranges(const Slot& slot, Instant now);
  bool start_range_work(SlotId id, Slot& slot, Range& range, Instant now);
  void start_batch(SlotId id, Slot& slot, Range& range, Batch batch, Instant now);
  [[nodiscard]] bool wants_frontier_probe(Instant now) const;
  [[nodiscard]] Probe frontier_probe() const;
  [[nodiscard]] Probe extending_probe(const Range& range) const;
  [[nodiscard]] Probe refining_probe(const Range& range) const;
  [[nodiscard]] static Probe singling_probe(const Range& range);
  [[nodiscard]] int stripes_of_next_range() const;
  [[nodiscard]] RowCount wanted_keys() const;
  [[nodiscard]] RowCount wanted_keys(const Range& range) const;
  [[nodiscard]] RowCount most_keys(const Range& range) const;
  [[nodiscard]] bool may_begin_stripe(const Range& range) const;
  [[nodiscard]] Cut cut() const;
  [[nodiscard]] std::vector<RowsToRecord> take_records(std::optional<RangeId> own, bool all);
  void occupy(Slot& slot, Slot::Doing doing, RangeId range);
  void ask(Slot& slot, Slot::ProbeFor what, const Probe& probe);
  void finish_if_idle();
  void plan_wake(Instant now);
  [[nodiscard]] Instant rests_until(const Slot& slot) const;
  [[nodiscard]] int slots_limit() const;
  [[nodiscard]] int busy() const;

  // engine_state.cpp
  [[nodiscard]] bool held_back(Instant now) const;
  [[nodiscard]] std::string limited_by(Instant now) const;
  [[nodiscard]] std::string stopped_by(Instant now) const;
  /// Ranges that were set aside, of all that are open.
  struct Waiting {
    int ranges = 0;
    int locked = 0;  ///< of them, for the locks of others
    int of = 0;
    std::string held_by;  ///< one of the locked ones, where that is known
    [[nodiscard]] std::string text() const;
  };
  [[nodiscard]] Waiting ranges_waiting(Instant now) const;

  void note(Note::Kind kind, std::string reason, std::string text);
  [[nodiscard]] bool ending() const { return stopping_ || failure_ || lease_lost_; }

  SweepSettings settings_;
  RangeLedger ledger_;
  std::vector<Slot> slots_;
  BatchSizer sizer_;
  ConcurrencyLimit concurrency_;
  RateLimiter rate_;
  Random random_;
  PaceChanged pace_;
  PaceChanged noted_pace_;
  WaitMeter waits_;
  Instant pace_noted_at_{};

  /// A batch whose COMMIT was not answered, and the counts that travelled with it.
  struct Doubt {
    std::optional<Batch> batch;  ///< absent: it was the closing of the range
    std::vector<RowsToRecord> record;
  };

  std::map<RangeId, RowCount> unrecorded_;
  std::map<RangeId, Doubt> doubts_;
  bool frontier_probing_ = false;
  Instant frontier_not_before_{};
  Backoff frontier_backoff_;
  std::optional<RowCount> probe_keys_max_;  ///< after a probe that timed out
  int probes_since_timeout_ = 0;

  std::set<KeyValue> quarantined_;
  FailureScore failure_score_;

  std::optional<StopRequested> stopping_;
  std::optional<Error> failure_;
  std::optional<Error> lease_lost_;
  std::optional<Error> last_down_;
  bool finished_ = false;

  std::vector<Action> actions_;
  std::optional<Instant> wake_at_;

  RowCount rows_;
  std::int64_t batches_ = 0;
  std::optional<double> changing_;  ///< the share of the visited rows that change, smoothed
  std::uint64_t last_number_ = 0;   ///< of a batch that was started
  std::int64_t retries_ = 0;
};

}  // namespace backfill
