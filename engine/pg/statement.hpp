#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backfill/error.hpp"
#include "core/time.hpp"

namespace backfill::pg {

/// A parameter in the server's text form; absent is NULL.
using Param = std::optional<std::string>;

struct Statement {
  std::string sql;
  std::vector<Param> params;
  /// Ask the server to send what it has after this statement, so that its result's arrival time
  /// means something (without it, everything arrives with the Sync).
  bool flush_after = false;
  /// Keep it as a prepared statement of the connection under a name derived from its text.
  bool prepared = false;
};

/// A result, copied out of libpq.
struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<Param>> values;
  std::int64_t affected = 0;  ///< from the command tag; 0 for commands that have none
};

struct StatementResult {
  Rows rows;
  Instant arrived;  ///< on the runner's monotonic clock (pg/clock.hpp)
};

/// What one pipeline (one Sync) came to. On success `results` has one entry per statement. On
/// failure it has those before the one that failed, and `error` says what that was. `error->kind`
/// is `ambiguous` when the connection was lost or given up after the first byte was sent, and
/// `reconnect` when nothing was sent at all.
struct PipelineResult {
  std::vector<StatementResult> results;
  std::optional<Error> error;
  Instant started;
};

}  // namespace backfill::pg
