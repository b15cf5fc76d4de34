#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backfill/result.hpp"
#include "core/growth_rule.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// How large a table is with its indexes and TOAST over all partitions, and what the server's
/// statistics say of VACUUM and updates. A role without pg_read_all_stats does not see the vacuums
/// that others have at work.
pg::asio::awaitable<Result<TableReading>> read_table(pg::Connection* connection,
                                                     std::uint32_t table);

/// Row versions that nobody has removed yet, by the statistics, and rows by the same.
struct DeadRows {
  std::int64_t dead = 0;
  std::int64_t live = 0;
};
pg::asio::awaitable<Result<DeadRows>> read_dead_rows(pg::Connection* connection,
                                                     std::uint32_t table);

}  // namespace backfill
