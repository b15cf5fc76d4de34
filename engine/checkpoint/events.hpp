#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// One row of `backfill.events`.
struct EventRecord {
  std::string kind;     ///< retry, throttle, setting, phase, lease, error, information
  std::string reason;   ///< short and stable
  std::string detail;   ///< JSON; empty: {}
  std::string at;       ///< set when read
  std::int64_t no = 0;  ///< among those of one runner, from 1; 0: none
};

/// Appends all of them in one statement, in their order. One whose number this epoch's runner has
/// written already is passed over, so that it may be sent again whenever its outcome is unknown.
[[nodiscard]] pg::asio::awaitable<Result<void>> append_events(pg::Connection* connection, JobId job,
                                                              Epoch epoch,
                                                              std::vector<EventRecord> events);

/// The last `limit` events, oldest first.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<EventRecord>>> recent_events(
    pg::Connection* connection, JobId job, int limit);

}  // namespace backfill
