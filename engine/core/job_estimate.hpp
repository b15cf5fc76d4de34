#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// What a job will cost, from what is known before it runs. Everything is a span, and says on what
/// it rests. Pure.
namespace backfill {

/// From the least to the most that is to be expected.
struct Span {
  double low = 0;
  double high = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// What the catalog and the planner say.
struct EstimateFacts {
  double rows = 0;             ///< of the table
  double changing = 1;         ///< the share of them that the job changes, 0 to 1
  std::string changing_basis;  ///< where that share is from
  double heap_bytes = 0;       ///< with TOAST, over all partitions
  double index_bytes = 0;      ///< of all indexes
  int indexes = 0;
  bool set_column_indexed = false;  ///< no update can then stay on its page without index entries
  int stripes = 1;
  int added_columns = 0;     ///< that rows will be wider by
  int new_indexes = 0;       ///< that the job builds
  double max_wal_bytes = 0;  ///< max_wal_size: about so much of the log is kept in any case
  int receivers = 0;         ///< standbys and other consumers that the log is sent to
  int connections = 1;
};

/// What a rehearsal has measured on this server.
struct Measurement {
  double keys_per_second = 0;       ///< of one connection
  std::optional<Span> wal_per_row;  ///< bytes: without full images of pages, and with
  std::optional<double> hot_share;  ///< 0 to 1
  std::string basis;                ///< "12 batches of this job, 4,800 rows"
};

struct JobEstimate {
  double rows = 0;  ///< to change
  std::string rows_basis;
  Span seconds;
  std::string seconds_basis;
  Span wal_bytes;
  std::string wal_basis;
  Span heap_growth;
  Span index_growth;
  std::string growth_basis;
  Span peak_disk;  ///< growth, new indexes and the log that is kept
  std::string peak_basis;
  std::optional<Span> replication_bytes;  ///< absent without receivers
};

[[nodiscard]] JobEstimate estimate_job(const EstimateFacts& facts,
                                       const std::optional<Measurement>& measured);

}  // namespace backfill
