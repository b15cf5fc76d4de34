#pragma once

#include <cstdint>
#include <optional>

#include "backfill/result.hpp"
#include "checkpoint/batch_statements.hpp"
#include "core/growth_rule.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// The table that a job is about to sweep.
struct TableToStart {
  JobId job;
  Epoch epoch;
  std::uint32_t table = 0;           ///< its oid
  std::optional<std::int64_t> rows;  ///< estimated
};

/// What the table was when the job began with it. The first call measures it and keeps that for all
/// later runs; a job without checkpoints begins anew. `lease_lost` when the epoch is not the job's.
[[nodiscard]] pg::asio::awaitable<Result<TableStart>> table_start(pg::Connection* connection,
                                                                  TableToStart table);

}  // namespace backfill
