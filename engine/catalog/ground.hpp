#pragma once

#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// What the checkpoints of a job stand on, one "name: value" a line: the table with its oid, and
/// each column of the key with its type, collation and direction. Two texts are equal exactly when
/// a position that was written under one means the same under the other. Columns that the job
/// itself gives another type (`retyped`) stand without it.
[[nodiscard]] pg::asio::awaitable<Result<std::string>> ground_of(pg::Connection* connection,
                                                                 Target target,
                                                                 std::vector<std::string> retyped);

/// The columns that a type-copy gives another type.
[[nodiscard]] std::vector<std::string> retyped_columns(const Job& job);

}  // namespace backfill
