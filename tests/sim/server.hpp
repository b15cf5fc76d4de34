#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine.hpp"
#include "sim/coverage.hpp"
#include "sim/faults.hpp"
#include "sim/history.hpp"
#include "sim/table.hpp"
#include "sim/timeline.hpp"

namespace backfill::sim {

using TransactionId = std::uint64_t;

/// What every statement of one runner carries.
struct Session {
  Epoch epoch;
  Duration lock_timeout{};
  Duration statement_timeout{};
};

/// What goes wrong with one transaction, decided when it is sent.
struct Disturbance {
  Duration arrival{};    ///< on its way, in a buffer or a pooler
  std::string sqlstate;  ///< the server raises this
  double at = 0.5;       ///< after this part of its time
  double slow = 1;
  bool undone_at_end = false;  ///< the server notices late that its client is gone
  bool probe_fails = false;    ///< the probe attached to a batch
};

struct Reply {
  std::optional<Error> error;
  RowCount rows;
  std::size_t keys = 0;  ///< rows that the batch's statement looked at
  Duration statement_time{};
  std::optional<ProbeResult> probe;
  std::optional<KeyValue> cursor;
  int stripe = 0;
  bool closed = false;
};

/// A checkpoint row.
struct RangeRow {
  KeyRange bounds;
  std::optional<KeyValue> cursor;
  Stripe stripe;
  bool closed = false;
  Epoch epoch;
  Settlements settlements;
  std::int64_t keys = 0;
  std::int64_t keys_done = 0;
  std::int64_t rows_recorded = 0;
  std::int64_t last_rows = 0;     ///< of the batch that committed last
  std::int64_t rows_changed = 0;  ///< the truth, which the real server does not keep
  TransactionId holder = 0;       ///< of the row's lock; 0: free
  std::deque<TransactionId> waiters;
};

[[nodiscard]] Error server_error(std::string_view sqlstate, std::string message);

/// The simulated PostgreSQL: rows, checkpoint rows with their locks, the lease's epoch, and
/// transactions that take virtual time and outlive the clients that sent them.
class Server {
 public:
  using Answer = std::function<void(const Reply&)>;

  Server(Timeline& timeline, Dice& dice, History& history, Coverage& coverage, Table& table,
         Planted planted);

  TransactionId submit(Action work, const Session& session, Disturbance disturbance, Answer answer);
  /// The client is gone: the transaction goes on, and nobody hears of it.
  void abandon(TransactionId id);
  void cancel(TransactionId id);
  /// The server undoes a transaction whose client is gone.
  void undo(TransactionId id);
  void restart();

  /// Commits of batches do not wait for the disk: a crash takes the last of them, whole and from
  /// the end, and never one that something synchronous followed. Gives how many it took.
  std::size_t crash();
  /// A commit that waits for the disk, and so for all that came before it.
  void synced() { unsynced_.clear(); }
  /// The live writer has changed the table.
  void application_committed(const Table::Written& written, bool synchronous);
  [[nodiscard]] bool all_closed() const;

  /// A new runner: the next epoch, stamped on every open range. Absent while a transaction still
  /// holds one of them.
  [[nodiscard]] std::optional<std::vector<KnownRange>> take_over();
  /// The last words of a runner, with its fence; false when the lease is no longer its own.
  bool record_at_finish(Epoch epoch, const std::vector<RowsToRecord>& record);
  /// A repair sweep has its ranges before it begins.
  void give_range(RangeId id, KeyRange bounds);

  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] bool keeps_statistics() const { return keeps_statistics_; }
  [[nodiscard]] const std::map<RangeId, RangeRow>& ranges() const { return ranges_; }
  /// Whether a batch's transaction is still alive, so that its locks are someone's to wait for.
  [[nodiscard]] bool alive(TransactionId id) const { return transactions_.contains(id); }
  /// The rows in quarantine, as a runner reads them when it has taken over.
  [[nodiscard]] std::vector<KeyValue> quarantine() const;
  [[nodiscard]] std::size_t quarantined() const { return quarantine_.size(); }
  [[nodiscard]] bool busy() const { return !transactions_.empty(); }

 private:
  struct Transaction {
    Action work;
    Session session;
    Disturbance disturbance;
    Answer answer;
    Instant statement_began{};
    std::vector<std::int64_t> rows;  ///< locked by the batch
    std::optional<RangeId> waits_for;
    std::optional<RangeId> holds;
  };

  void arrive(TransactionId id);
  void acquire(TransactionId id, RangeId range);
  void granted(TransactionId id);
  void run_batch(TransactionId id, Transaction& transaction);
  void commit_batch(TransactionId id);
  void commit_rows(TransactionId id, const Transaction& transaction, Reply& reply);
  void commit_quarantine(const Batch& batch);
  void commit_close(TransactionId id);
  void open_range(TransactionId id, const OpenRange& open);
  [[nodiscard]] std::optional<Error> refusal(const RangeRow& row, Epoch epoch, Settlements made,
                                             const std::optional<KeyValue>& expected,
                                             int stripe) const;
  void record(const std::vector<RowsToRecord>& record);
  void remember_range(RangeId range);
  void fail(TransactionId id, Error error, std::size_t keys = 0);
  void fail_after(Duration wait, TransactionId id, std::string_view sqlstate, std::size_t keys = 0);
  void finish(TransactionId id, Reply reply);
  void release(TransactionId id, Transaction& transaction);

  Timeline& timeline_;
  Dice& dice_;
  History& history_;
  Coverage& coverage_;
  Table& table_;
  Planted planted_;
  Duration batch_cost_;
  Duration row_cost_;
  bool keeps_statistics_;  ///< of the rows that a transaction has changed (track_counts)
  Epoch epoch_;
  TransactionId last_ = 0;
  std::map<RangeId, RangeRow> ranges_;
  /// What undoes each commit that is not on the disk yet, oldest first.
  std::vector<std::vector<std::function<void()>>> unsynced_;
  std::set<std::int64_t> quarantine_;
  bool counts_lost_ = false;  ///< a crash took batches whose runner had heard of their rows
  std::map<TransactionId, Transaction> transactions_;
};

}  // namespace backfill::sim
