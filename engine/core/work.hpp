#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backfill/error.hpp"
#include "backfill/key.hpp"
#include "backfill/units.hpp"
#include "core/time.hpp"

/// The words that the engine and its interpreters share: events go in, actions come out.
///
/// A *slot* is one place for work, with one connection behind it; it does one thing at a time. A
/// *range* is a stretch of the key with one checkpoint row; its batches run one after another, from
/// its cursor to its end. The ranges of a sweep form a chain: each begins where the one before it
/// ends, and only the last has no end, so that rows inserted meanwhile are covered.
namespace backfill {

using RangeId = Quantity<struct RangeIdTag>;

/// How often doubt about a range's last COMMIT was settled: the fence against transactions that
/// were sent before and arrive after.
using Settlements = Quantity<struct SettlementsTag>;

struct SlotId {
  int value = 0;
  friend constexpr auto operator<=>(SlotId, SlotId) = default;
};

/// What the statement of a batch is for. The producers of SQL give one text for each.
enum class Purpose {
  copy,    ///< change the rows of the range
  verify,  ///< count the rows of the range that are not as they should be
  repair,  ///< change only those
};

/// One visit of several to the same range. A striped range is visited `of` times from its beginning
/// to its end, each time for the rows whose key hashes to `no` (from 0): every row belongs to one
/// stripe, whatever happens to it meanwhile. A visit leaves dead rows behind, which the server
/// prunes at the next one, so that the new versions find room on the page of the old.
struct Stripe {
  int no = 0;
  int of = 1;  ///< 1, or a power of two up to `stripes_max`

  [[nodiscard]] bool last() const { return no + 1 == of; }
  friend bool operator==(const Stripe&, const Stripe&) = default;
};

inline constexpr int stripes_max = 8;

/// What `keys` keys passed in one stripe add to the keys of the range that are done: over all
/// stripes it adds up to `keys`.
[[nodiscard]] constexpr RowCount share_of(RowCount keys, Stripe stripe) {
  return RowCount{keys.value * (stripe.no + 1) / stripe.of - keys.value * stripe.no / stripe.of};
}

/// Rows that a committed batch changed, which its own checkpoint could not know (the count comes
/// from the command tag, after the checkpoint was sent): the next transaction records them.
struct RowsToRecord {
  RangeId range;
  RowCount rows;
  friend bool operator==(const RowsToRecord&, const RowsToRecord&) = default;
};

/// A row that fails for its own reason, and what the server says of it.
struct RowFailure {
  KeyValue key;
  std::string sqlstate;
  std::string message;
  friend bool operator==(const RowFailure&, const RowFailure&) = default;
};

/// One transaction: `bounds.through` is always present. The checkpoint moves the range's cursor
/// from `bounds.after` to `bounds.through`, and fails unless the cursor stands at `bounds.after`
/// (a range's cursor is first its own lower end) and its stripe is `stripe`. A batch that ends a
/// stripe sends the cursor back to the range's lower end and begins the next stripe.
struct Batch {
  RangeId range;
  Purpose purpose = Purpose::copy;
  KeyRange bounds;
  RowCount keys;       ///< as the probe counted them
  RowCount keys_done;  ///< this stripe's share of them
  Stripe stripe;
  bool ends_stripe = false;   ///< `bounds.through` is the range's end, and another stripe follows
  bool closes_range = false;  ///< `bounds.through` is the range's end: the checkpoint closes it
  std::vector<RowsToRecord> record;
  Settlements settlements;  ///< of the range when the batch was made: it must not have been since
  /// The one row of `bounds`, whose key is `bounds.through`, is not to be changed or looked at: it
  /// is written into the quarantine in the transaction that moves the cursor past it.
  std::optional<RowFailure> quarantine;
  friend bool operator==(const Batch&, const Batch&) = default;
};

/// Find every `every`-th key of the next `limit` keys in `within`.
struct Probe {
  KeyRange within;
  RowCount every;
  RowCount limit;
  friend bool operator==(const Probe&, const Probe&) = default;
};

/// A key, and how many keys lie between the tick before it and it (itself included).
struct Tick {
  KeyValue key;
  RowCount keys;
  friend bool operator==(const Tick&, const Tick&) = default;
};

struct ProbeResult {
  std::vector<Tick> ticks;
  bool exhausted = false;  ///< fewer than `limit` keys were there: the last tick is the last key
};

// ---- actions ---------------------------------------------------------------------------------

/// Run the batch; then, in the same round trip, the probe for what comes later.
struct StartBatch {
  SlotId slot;
  Batch batch;
  std::optional<Probe> ahead;
};
struct StartProbe {
  SlotId slot;
  Probe probe;
};
/// Create the range's checkpoint row. Opening a range that exists with the same bounds succeeds.
struct OpenRange {
  SlotId slot;
  RangeId range;
  KeyRange bounds;
  RowCount keys;
  int stripes = 1;
};
/// Mark a range as done whose last keys are already behind its cursor. The checkpoint fails unless
/// the cursor stands at `cursor`.
struct CloseRange {
  SlotId slot;
  RangeId range;
  std::optional<KeyValue> cursor;
  std::vector<RowsToRecord> record;
  Settlements settlements;  ///< as a batch's
};
/// Wait out whatever transaction still holds the range's checkpoint row, then read it; whatever was
/// sent for the range before and has not begun yet is refused from then on.
struct SettleRange {
  SlotId slot;
  RangeId range;
  std::optional<Batch> doubtful;  ///< the batch whose COMMIT was not answered
  Settlements raise_to;           ///< repeated unchanged until it is answered
};
/// Cancel what the slot is doing; its outcome is still awaited.
struct CancelSlot {
  SlotId slot;
};
/// Something an operator should read in the log and in `backfill.events`.
struct Note {
  enum class Kind { retry, throttle, setting, error, information };
  Kind kind = Kind::information;
  std::string reason;  ///< short and stable: deadlock, lock_timeout, connection_lost…
  std::string text;
};
/// The last action: nothing is in flight and nothing more will be asked for.
struct Finish {
  enum class How { completed, stopped, failed, lease_lost };
  How how = How::completed;
  Error error;         ///< for failed and lease_lost
  std::string reason;  ///< for stopped
  std::vector<RowsToRecord> record;
};

using Action = std::variant<StartBatch, StartProbe, OpenRange, CloseRange, SettleRange, CancelSlot,
                            Note, Finish>;

// ---- events ----------------------------------------------------------------------------------

/// The batch has committed.
struct BatchDone {
  SlotId slot;
  RowCount rows;  ///< changed (copy, repair) or found to differ (verify)
  Duration
      statement_time{};  ///< of the statement alone: no wait for locks of the checkpoint, no COMMIT
  /// By how much the server's WAL grew during the statement, whoever wrote it; absent: not known.
  std::optional<ByteCount> wal;
  /// What the batch's own transaction has added to the range's count of changed rows. Where it
  /// differs from `rows`, or nothing was added (absent), a later transaction records the rest.
  std::optional<RowCount> recorded;
};
/// The batch has not committed, or (class `ambiguous`) may have. Whether the attached probe ran
/// does not matter: after a failed batch the engine asks again.
struct BatchFailed {
  SlotId slot;
  Error error;
};
/// Answers a StartProbe, or the probe attached to a batch: then it comes before that slot's
/// BatchDone or BatchFailed and the slot stays busy.
struct ProbeDone {
  SlotId slot;
  ProbeResult result;
};
struct ProbeFailed {
  SlotId slot;
  Error error;
};
struct RangeOpened {
  SlotId slot;
};
struct RangeClosed {
  SlotId slot;
};
/// Opening, closing or settling failed. Class `ambiguous` is repeated like any other: all three are
/// idempotent (a close that had succeeded fails with BF002 and is settled).
struct RangeFailed {
  SlotId slot;
  Error error;
};
struct RangeSettled {
  SlotId slot;
  std::optional<KeyValue> cursor;  ///< absent: at the beginning of a range that has no lower end
  int stripe = 0;
  bool closed = false;
  RowCount rows;  ///< of a batch whose COMMIT was in doubt and had happened: already recorded
};
/// A slot's connection is up; until then, and after SlotDown, nothing is started on it. SlotDown
/// may come while the slot is busy: the outcome of its work must still be told.
struct SlotUp {
  SlotId slot;
};
struct SlotDown {
  SlotId slot;
  Error error;
};
/// What the throttle decided: no start while `stopped`; between, each slot rests after a batch so
/// that it works `fraction` of the time.
struct PaceChanged {
  double fraction = 1.0;  ///< (0, 1]
  bool stopped = false;
  std::string reason;   ///< "lag of standby2 3.1 s of 5 s"; empty at full speed
  bool paused = false;  ///< stopped because an operator wants it so
  std::string limit{};  ///< the name of what the pace is owed to: stable while figures change
};
/// Who else is at work. Beside others who write batches must be shorter; sessions that are active
/// get their share of the CPUs.
struct CompanySeen {
  bool others_write = false;
  int others_active = 0;
  int cpus = 0;  ///< of the server; 0: not known, and then nothing follows from `others_active`
};
/// Another session waits for this slot's batch for longer than it may.
struct WaiterSeen {
  SlotId slot;
  std::string who;
};

/// A slot's batch waits for rows that others have locked: who holds them, fit for a sentence.
struct RowsHeld {
  SlotId slot;
  std::string by;
};

struct StopRequested {
  bool cancel = false;  ///< false: let the batches in flight finish
  std::string reason;
};
struct LeaseLost {
  Error error;
};
/// Time has passed: `Engine::wake_at()` has come.
struct Woken {};

}  // namespace backfill
