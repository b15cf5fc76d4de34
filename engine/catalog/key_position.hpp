#pragma once

#include <optional>

#include "backfill/key.hpp"
#include "catalog/read_only.hpp"
#include "core/target.hpp"

namespace backfill {

/// How far into the key a position lies, 0..1, by its first column: where the value falls among
/// the bounds of pg_stats' histogram (which cut the rows into equal parts, 100 by default), taken
/// as the middle of its part. For an integer column that was never analysed, its place between the
/// smallest and the largest value. Absent when neither is known. The server does all comparing, in
/// the column's own collation. One statement; it reads statistics, or two ends of the index.
[[nodiscard]] asio::awaitable<Result<std::optional<double>>> key_position(
    pg::Connection* connection, Target target, KeyValue position,
    Duration deadline = std::chrono::seconds{10});

}  // namespace backfill
