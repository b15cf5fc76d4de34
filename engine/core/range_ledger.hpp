#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backfill/key.hpp"
#include "core/engine.hpp"
#include "core/patience.hpp"
#include "core/work.hpp"

namespace backfill {

/// A batch that could not be halved any more has failed for a row's own reason: the row is to be
/// made out, and then judged.
struct Suspicion {
  Error error;
  KeyValue through;             ///< where the batch ended
  bool vacant = false;          ///< no row was left there when it was looked at
  bool looked = false;          ///< the first tick is to be tried again before the next look
  std::optional<KeyValue> row;  ///< made out, and to go into quarantine
};

/// A stretch of the key on its way: the boundaries ahead of its cursor, and what is happening to
/// it.
struct Range {
  enum class Doing { opening, nothing, batch, probing, settling, closing };

  RangeId id;
  KeyRange bounds;
  std::optional<KeyValue> cursor;  ///< as last known to be committed
  std::deque<Tick> ticks;          ///< ahead of the cursor, in key order
  bool ticks_complete = false;     ///< nothing was found beyond the last tick
  Stripe stripe;
  /// The ticks that this stripe has passed: the next one goes by them again, unless the stripe was
  /// not seen from its beginning (`visited_whole`).
  std::deque<Tick> visited;
  bool visited_whole = true;
  /// Its next stripe waits until all batches have ended that began before this number: their
  /// snapshots may still see what the last stripe replaced.
  std::uint64_t waits_for_batch = 0;
  RowCount keys_done;      ///< of striped ranges, the sum of the shares
  RowCount keys_expected;  ///< as counted when it was cut; what a resumed range goes by
  Doing doing = Doing::opening;
  Settlements settlements;
  bool in_doubt = false;  ///< a COMMIT was not answered: settle before anything else
  Instant not_before{};   ///< set aside until then
  Patience patience;
  std::string held_by;  ///< who last kept its rows locked; empty: nobody was seen
  /// After a failure the same keys are tried again in smaller batches, up to the end of the batch
  /// that failed: this many keys at most while `careful_keys` of that batch are left.
  std::optional<RowCount> careful_size;
  RowCount careful_keys;
  std::optional<Suspicion> suspicion;

  [[nodiscard]] bool open_ended() const { return !bounds.through.has_value(); }
  [[nodiscard]] RowCount keys_ahead() const;
  /// A stripe behind it and none of this one done.
  [[nodiscard]] bool between_stripes() const { return stripe.no > 0 && cursor == bounds.after; }
};

/// How finely a probe cuts the key.
struct Cut {
  RowCount every;
  RowCount limit;
};

/// The chain of ranges of one sweep. Closed ranges are forgotten (only their sums are kept), so its
/// size is bounded by the work in progress, whatever the size of the table.
///
/// Keys are opaque here: positions come from probes and checkpoints and are compared for equality
/// only.
class RangeLedger {
 public:
  RangeLedger(std::vector<KnownRange> known, bool whole_table);

  /// Where the next frontier probe begins; absent when the chain has its last, open-ended range.
  [[nodiscard]] bool has_frontier() const { return !last_planned_; }
  [[nodiscard]] KeyRange beyond_frontier() const { return {frontier_, std::nullopt}; }

  /// Appends the range that a frontier probe found; it still has to be opened. The last one, which
  /// has no end, is never striped: what comes to it has not been there for the stripes before.
  Range& plan(const ProbeResult& found, int stripes = 1);

  /// Adds ticks found beyond the last tick of the range.
  void extend(Range& range, const ProbeResult& found);

  /// Puts finer ticks in the place of the first one.
  void refine(Range& range, const ProbeResult& found);

  /// After a look at what there is up to where the suspicion reaches: `found` has the first one or
  /// two keys. A row that is alone there gets a tick of its own; true when the batch that failed
  /// ended at it: then it is the one. Two or more make one tick of `uncounted` keys, to be refined.
  [[nodiscard]] static bool single_out(Range& range, const ProbeResult& found, RowCount uncounted);

  /// Where a probe that extends the range must look.
  [[nodiscard]] static KeyRange beyond_ticks(const Range& range);

  /// The next batch of about `want` keys and never more than `most`, or nothing when the first tick
  /// is too coarse (refine) or none is left (extend or close). The ticks stay until `advance`.
  [[nodiscard]] static std::optional<Batch> next_batch(const Range& range, RowCount want,
                                                       RowCount most, Purpose purpose);

  /// The batch has committed.
  void advance(Range& range, const Batch& batch);

  /// The checkpoint stands somewhere we did not put it: forget the ticks.
  void move_cursor(Range& range, std::optional<KeyValue> cursor, int stripe);

  /// Forgets the range.
  void close(RangeId id);

  [[nodiscard]] Range& at(RangeId id);
  [[nodiscard]] bool contains(RangeId id) const { return open_.contains(id); }
  [[nodiscard]] std::map<RangeId, Range>& open() { return open_; }
  [[nodiscard]] const std::map<RangeId, Range>& open() const { return open_; }

  [[nodiscard]] bool all_closed() const { return last_planned_ && open_.empty(); }
  [[nodiscard]] RowCount keys_done() const { return keys_done_; }
  [[nodiscard]] RowCount keys_ahead() const;
  /// Every key up to here is done; absent at the very beginning.
  [[nodiscard]] std::optional<KeyValue> watermark() const;

 private:
  void append_ticks(Range& range, const ProbeResult& found);
  static void begin_stripe(Range& range, int no);

  std::map<RangeId, Range> open_;
  RangeId next_id_{1};
  std::optional<KeyValue> frontier_;
  bool last_planned_ = false;
  RowCount keys_done_;
  RangeId last_closed_;
  std::optional<KeyValue> closed_through_;  ///< the watermark when nothing is open
};

}  // namespace backfill
