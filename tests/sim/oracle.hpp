#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine.hpp"
#include "sim/server.hpp"
#include "sim/table.hpp"

namespace backfill::sim {

/// A range's cursor as the engine last knew it, and the batch in doubt that would have moved it.
struct RangeDoubt {
  std::optional<KeyValue> before;
  int stripe_before = 0;
  std::optional<KeyValue> through;  ///< where the cursor would stand
  int stripe_through = 0;           ///< and in which stripe
  bool closes = false;
};

/// What one life of an engine has promised, checked at every event and every action. It knows only
/// what the engine was told, except for the watermark, which is held against the rows themselves.
class Oracle {
 public:
  Oracle(const SweepSettings& settings, const std::vector<KnownRange>& known, int slots,
         const Table& table);

  /// Before the engine hears of it. `keys` are those that a failed batch looked at.
  void told(const Event& event, Instant now, std::size_t keys);
  /// Before it is carried out.
  void asked(const Action& action, Instant now);
  /// After every call.
  void observe(const Engine& engine, Instant now);

  /// A crash of the server has taken back what the engine was told of: until it finds out, its
  /// watermark is not to be held against the rows, and then it may fall.
  void commits_lost() { commits_lost_ = true; }

  [[nodiscard]] int batches_in_flight() const;
  [[nodiscard]] bool finished() const { return finish_.has_value(); }
  [[nodiscard]] const Finish& finish() const { return *finish_; }
  [[nodiscard]] RangeDoubt doubt(RangeId range) { return view(range).doubt; }

 private:
  struct Lane {
    bool up = false;
    bool canceled = false;
    Instant canceled_at{};  ///< for the last time
    bool waited_for = false;
    std::optional<Action> work;
  };
  struct RangeView {
    KeyRange bounds;
    std::optional<KeyValue> cursor;
    Stripe stripe;
    bool opened = false;
    bool closed = false;
    bool unsettled = false;  ///< what became of its last batch is not known
    bool in_flight = false;
    RangeDoubt doubt;
    int failures = 0;  ///< in a row, without those that were our own doing
    int locked = 0;    ///< lock timeouts in a row
    /// The search for a bad row: how many batches have failed, of how many rows at most, and where
    /// the last one ends.
    int search_tries = 0;
    std::uint64_t search_rows = 0;
    std::int64_t search_through = 0;
  };

  void check_start(const StartBatch& start);
  void check_start(const StartProbe& start) const;
  void check_start(const OpenRange& start);
  void check_start(const CloseRange& start);
  void check_start(const SettleRange& start);
  void check_record(const std::vector<RowsToRecord>& record, std::optional<RangeId> own) const;
  void check_bucket(Instant now);
  void check_cancels(const Engine& engine, Instant now) const;
  void check_finish(const Finish& finish) const;
  [[nodiscard]] bool names_what_failed_alone(const std::string& context) const;
  void check_gave_up(const Finish& finish) const;
  void check_watermark(const std::optional<KeyValue>& watermark);
  void begin_work(SlotId slot, const Action& action, bool starts_anew);
  void fails(SlotId slot, const Error& error);
  void succeeds(RangeView& range) const;
  static void searches(RangeView& range, const Batch& batch, const Error* error, std::size_t rows);
  void check_quarantine(const Batch& batch) const;
  void end_work(SlotId slot);
  Lane& lane(SlotId slot);
  RangeView& view(RangeId range);
  [[nodiscard]] int busy() const;

  SweepSettings settings_;
  const Table& table_;
  std::vector<Lane> lanes_;
  std::map<RangeId, RangeView> ranges_;
  bool stopped_ = false;
  bool draining_ = false;
  bool lease_lost_ = false;
  bool fatal_told_ = false;
  std::vector<KeyValue> failed_alone_;  ///< where batches of one key ended that failed for a row
  bool settings_changed_ = false;
  bool commits_lost_ = false;
  int probe_failures_ = 0;  ///< in all: a probe does not say which range it is for
  int retries_least_;
  std::int64_t rows_ = 0;
  std::optional<SlotId> waited_for_;  ///< has to be canceled in this call
  std::optional<KeyValue> watermark_;
  std::optional<Finish> finish_;
  double bucket_ = 0;
  Instant bucket_at_{};
  Instant moment_{};
  int actions_at_moment_ = 0;
};

/// What must hold of the server once a sweep has completed. `lossy`: some commit's count of rows
/// never reached its runner, so that fewer may have been recorded than were changed.
void check_completed(const Server& server, const Table& table, Purpose purpose, bool whole_table,
                     bool lossy);

}  // namespace backfill::sim
