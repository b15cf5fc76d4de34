#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backfill/job.hpp"
#include "core/work.hpp"

namespace backfill {

struct SettingsChanged {
  PaceSettings pace;
  SafetySettings safety;
};

using Event = std::variant<BatchDone, BatchFailed, ProbeDone, ProbeFailed, RangeOpened, RangeClosed,
                           RangeFailed, RangeSettled, SlotUp, SlotDown, PaceChanged, CompanySeen,
                           WaiterSeen, RowsHeld, SettingsChanged, StopRequested, LeaseLost, Woken>;

/// A range that a checkpoint row describes, as read when a sweep starts or goes on.
struct KnownRange {
  RangeId id;
  KeyRange bounds;
  std::optional<KeyValue> cursor;  ///< where the next batch begins; at first `bounds.after`
  bool closed = false;
  Stripe stripe;
  RowCount keys;       ///< as probed
  RowCount keys_done;  ///< of them, behind the cursor
  Settlements settlements;
};

struct SweepSettings {
  Purpose purpose = Purpose::copy;
  PaceSettings pace;
  SafetySettings safety;
  std::optional<RowCount> estimated_rows;  ///< of the table; steers how the key is cut
  std::optional<RowCount> range_keys;      ///< of one range, about; absent: by estimated_rows
  std::uint64_t seed = 0;                  ///< of the jitter
  int stripes = 1;                         ///< of each range that has an end; a power of two
  bool stripes_forced = false;             ///< also where few rows of a stripe change
  bool filtered = false;    ///< the job has a `where`: how many rows change must be seen first
  bool whole_table = true;  ///< false: only the known ranges, nothing beyond them
  OnError on_error;
  /// The rows that are in quarantine already, from sweeps before.
  std::vector<KeyValue> quarantined;
};

/// What the engine can tell at any time.
struct SweepState {
  RowCount keys_done;
  RowCount keys_probed;   ///< done and still ahead
  bool end_seen = false;  ///< every key of the table has been probed
  RowCount rows;          ///< changed, or found to differ, since this engine began
  std::int64_t batches = 0;
  std::int64_t retries = 0;
  int slots_busy = 0;
  int slots_limit = 0;
  std::int64_t batch_rows = 0;        ///< what the sizer asks for now
  std::optional<double> batch_ms;     ///< smoothed statement time
  std::optional<KeyValue> watermark;  ///< every key up to here is done
  std::string limited_by;             ///< never empty
  /// What its workers have waited for, but for what the pace is owed to: `no_connection`,
  /// `locked_rows`, `retries`, `rows_per_second`.
  std::map<std::string, Duration> time_lost;
};

/// One sweep over a table's key, decided without I/O: `on(event, now)` gives the actions that an
/// interpreter carries out, and their outcomes come back as events.
///
/// Call order: construct; `begin(now)` once; then `on` for each event, and `on(Woken{}, now)` when
/// `wake_at()` has come. After a `Finish` action no further call is allowed.
///
/// A row that fails for its own reason (class `row`) is found by halving its batch, and a probe
/// then says that it stands alone: its key is what is told. Either the sweep fails with it, or it
/// goes into quarantine and the sweep goes on, until `on_error.quarantine` rows are there or rows
/// fail faster than they go through (`FailureScore`).
///
/// Promises, held by assertions and the simulator: no two ranges overlap; one range has at most one
/// thing in flight; a slot has at most one thing in flight; nothing starts while stopped, paused or
/// above the limits; the watermark never falls; `Finish{completed}` only when every range is
/// closed and the last one has no end.
class Engine {
 public:
  Engine(SweepSettings settings, std::vector<KnownRange> known, int slots);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  [[nodiscard]] std::vector<Action> begin(Instant now);
  [[nodiscard]] std::vector<Action> on(const Event& event, Instant now);

  /// When the engine wants to be woken even if nothing happens; absent: not at all.
  [[nodiscard]] std::optional<Instant> wake_at() const;

  [[nodiscard]] SweepState state(Instant now) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace backfill
