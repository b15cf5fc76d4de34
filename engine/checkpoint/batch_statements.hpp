#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backfill/key.hpp"
#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "checkpoint/transaction.hpp"
#include "core/target.hpp"
#include "core/work.hpp"
#include "pg/statement.hpp"

/// The statements that join a batch's transaction, put together without I/O. Each list is one
/// transaction, to be sent in one flight:
///
///     BEGIN; settings; checkpoint (fenced); the change; its count; COMMIT
///
/// The checkpoint comes first: a stale runner fails before it has touched a row, and the wait for
/// an orphan's checkpoint is not counted as time of the change. A batch that verifies counts first
/// and writes what it found into its checkpoint in the same statement.
namespace backfill {

/// One sweep of a job over its table: what the ranges of `backfill.ranges` belong to.
struct SweepId {
  JobId job;
  std::string phase;
  int pass = 1;
  friend bool operator==(const SweepId&, const SweepId&) = default;
};

/// What a checkpoint must match to be written.
struct Fence {
  SweepId sweep;
  Epoch epoch;
};

/// Position of the change (or the count) in `copy_batch_statements` and `verify_batch_statements`,
/// and of the statement whose arrival begins its time.
inline constexpr std::size_t change_position = 3;
inline constexpr std::size_t before_change_position = 2;
/// Of what follows the change: how far the server's WAL has grown by then (the checkpoint's second
/// column tells it from before), and how many changed rows the range's count has been given.
inline constexpr std::size_t after_change_position = 4;
inline constexpr std::size_t count_position = 2;
inline constexpr std::size_t before_count_position = 1;

/// What `backfill.checkpoint` takes, in its order.
[[nodiscard]] std::vector<pg::Param> checkpoint_params(const Fence& fence, const Batch& batch);

/// `BF001` when the epoch is not the range's, `BF002` when the cursor is not `bounds.after` or the
/// range has been settled since the batch was made.
/// Keeps for the rest of the transaction how many rows of the table (by its oid) this session had
/// changed before.
[[nodiscard]] pg::Statement checkpoint_statement(const Fence& fence, const Batch& batch,
                                                 std::uint32_t table);

[[nodiscard]] std::vector<pg::Statement> copy_batch_statements(const Fence& fence,
                                                               const TransactionSettings& settings,
                                                               const Batch& batch,
                                                               std::uint32_t table,
                                                               pg::Statement change);

/// By how much the server's WAL grew during a copied batch's change, whoever wrote it.
[[nodiscard]] std::optional<ByteCount> read_wal(const std::vector<pg::StatementResult>& results);

/// How many changed rows a copied batch's own transaction has recorded, by the server's statistics
/// of the session; absent where the server keeps none (`track_counts`).
[[nodiscard]] std::optional<RowCount> read_recorded(
    const std::vector<pg::StatementResult>& results);

/// `count` is a SELECT of one row: how many rows differ, how many cannot be changed. The result of
/// the statement sent has the same two columns first. Rows to record are not sent: the
/// checkpoint of a count already holds them.
[[nodiscard]] std::vector<pg::Statement> verify_batch_statements(
    const Fence& fence, const TransactionSettings& settings, const Batch& batch,
    pg::Statement count);

[[nodiscard]] std::vector<pg::Statement> open_range_statements(const Fence& fence,
                                                               const TransactionSettings& settings,
                                                               const OpenRange& range);
[[nodiscard]] std::vector<pg::Statement> close_range_statements(const Fence& fence,
                                                                const TransactionSettings& settings,
                                                                const CloseRange& range,
                                                                Purpose purpose);
[[nodiscard]] std::vector<pg::Statement> settle_range_statements(
    const Fence& fence, const TransactionSettings& settings, const SettleRange& range);
/// Empty when there is nothing to record.
[[nodiscard]] std::vector<pg::Statement> record_statements(const Fence& fence,
                                                           const TransactionSettings& settings,
                                                           const std::vector<RowsToRecord>& record,
                                                           Purpose purpose);

/// Where the one row of a settle statement stands in its results.
inline constexpr std::size_t settle_position = 2;

/// A range's checkpoint once nothing holds it any more.
struct SettledRange {
  std::optional<KeyValue> cursor;
  bool closed = false;
  /// The count of the last batch is in no checkpoint: the server keeps no statistics. Whoever still
  /// has it from the command tag records that; whoever lost it (the COMMIT was in doubt) asks
  /// `count_uncounted_statement`.
  bool uncounted = false;
  RowCount last_rows;                    ///< rows that the last batch changed; 0 while uncounted
  std::string last_xid;                  ///< of the last batch; empty before the first
  std::optional<KeyValue> last_after;    ///< where the last batch began
  std::optional<KeyValue> last_through;  ///< and ended
  int stripe = 0;
  friend bool operator==(const SettledRange&, const SettledRange&) = default;
};

[[nodiscard]] SettledRange read_settled(const pg::Rows& rows);

/// Counts the rows of a batch whose count was lost (`uncounted`), and records the count, in one
/// statement: the rows of its key range that its transaction wrote. Rows that another transaction
/// has changed again since are not found, and are missing from `rows_changed`: the figure is for
/// people, the proof does not use it. One row, one column: the rows counted and recorded; 0 when
/// the range was not this runner's any more, or the count was not open.
[[nodiscard]] pg::Statement count_uncounted_statement(const Fence& fence, const Target& target,
                                                      RangeId range, const KeyRange& last_batch,
                                                      const std::string& last_xid);

}  // namespace backfill
