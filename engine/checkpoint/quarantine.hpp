#pragma once

#include <string>
#include <vector>

#include "backfill/key.hpp"
#include "backfill/result.hpp"
#include "checkpoint/batch_statements.hpp"
#include "pg/connection.hpp"

/// Rows that fail for their own reason, in `backfill.quarantine`.
namespace backfill {

struct QuarantinedRow {
  std::string table;  ///< qualified and quoted
  KeyValue key;
  std::string sweep;  ///< the phase in which it failed last
  std::string sqlstate;
  std::string message;
  std::string failed_at;  ///< as the server prints it
  friend bool operator==(const QuarantinedRow&, const QuarantinedRow&) = default;
};

/// The first version of the control schema that knows it.
inline constexpr int quarantine_version = 10;

/// All of a job, in the order of their tables and keys' texts.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<QuarantinedRow>>> read_quarantine(
    pg::Connection* connection, JobId job);

/// The transaction that passes `batch.quarantine` over instead of the batch's change: its
/// checkpoint, with all its fences, and the row's entry.
[[nodiscard]] std::vector<pg::Statement> quarantine_statements(const Fence& fence,
                                                               const TransactionSettings& settings,
                                                               const Batch& batch,
                                                               const std::string& table);

/// A row that is not in quarantine any more: somebody has settled it already.
inline constexpr std::string_view sqlstate_not_quarantined = "BF007";

/// Opens a transaction, keeps the row's entry and makes the change (of that one row) in one flight;
/// then takes the entry away, with what the change has come to, and commits. A server error has
/// been rolled back.
[[nodiscard]] pg::asio::awaitable<Result<void>> retry_row(pg::Connection* connection, Fence fence,
                                                          TransactionSettings settings,
                                                          QuarantinedRow row, pg::Statement change);

/// What a retry says when the row has failed again.
[[nodiscard]] pg::asio::awaitable<Result<void>> note_failed_again(pg::Connection* connection,
                                                                  Fence fence, QuarantinedRow row,
                                                                  Error error);

/// Whether a retry has taken a row out of quarantine since the pass of a phase began.
[[nodiscard]] pg::asio::awaitable<Result<bool>> retried_since(pg::Connection* connection, JobId job,
                                                              std::string phase, int pass);

}  // namespace backfill
