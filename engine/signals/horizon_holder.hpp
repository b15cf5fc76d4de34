#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backfill/result.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Who keeps VACUUM from removing what has been replaced: the oldest snapshot of others.
struct HorizonHolder {
  std::string name;  ///< "session 4711", "prepared transaction move", "replication slot standby2"
  std::int64_t transactions = 0;  ///< by how many it holds VACUUM back
  /// The name with what is known besides: "session 4711 (user shop, application psql, idle in
  /// transaction, its transaction 83.2 s old)".
  std::string description;
};

/// Absent when nobody does. Sessions, prepared transactions and replication slots are seen by every
/// role; what a session of another role does only with pg_read_all_stats.
pg::asio::awaitable<Result<std::optional<HorizonHolder>>> read_horizon_holder(
    pg::Connection* connection);

}  // namespace backfill
