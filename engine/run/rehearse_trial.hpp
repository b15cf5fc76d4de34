#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backfill/key.hpp"
#include "checkpoint/transaction.hpp"
#include "jobs/backfill.hpp"
#include "jobs/rehearsal.hpp"
#include "pg/connection.hpp"
#include "run/rehearse.hpp"

/// One batch that is rolled back.
namespace backfill::run {

/// What a rehearsal works on: a job as a backfill of one table.
struct RehearsedJob {
  Job job;
  Target target;
  BackfillSql sql;
  RehearsalSql looks;
  int stripes = 1;
  bool writes = true;  ///< false: its columns are not there yet
  TransactionSettings settings;
  std::vector<std::string> adds{};  ///< DDL of the columns that each batch adds for itself
};

struct Trial {
  std::int64_t rows = 0;
  double seconds = 0;
  std::int64_t wal_bytes = 0;
  std::int64_t wal_images = 0;  ///< pages
  std::int64_t wal_server = 0;  ///< by how much the server's log grew meanwhile
  std::int64_t updated = 0;     ///< versions written, by triggers too
  std::int64_t hot = 0;
  std::int64_t value_bytes = 0;  ///< of what was computed
  double trigger_seconds = 0;
  std::vector<std::string> triggers;
  std::vector<SampleRow> samples;
};

/// Runs the batch of a range, looks at what it did, and rolls it back. `samples` rows are shown
/// before and after. `whole` leaves stripes aside: every row of the range. An Error leaves no
/// transaction open.
asio::awaitable<Result<Trial>> try_batch(pg::Connection* connection, const RehearsedJob* job,
                                         KeyRange range, int samples, bool whole);

}  // namespace backfill::run
