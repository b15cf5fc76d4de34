#pragma once

#include <cstdint>
#include <optional>

#include "backfill/result.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Bytes of a table's heap, TOAST and maps, without indexes; of a partitioned one, of all its
/// parts. Absent when the server does not say.
[[nodiscard]] pg::asio::awaitable<Result<std::optional<std::int64_t>>> table_size(
    pg::Connection* connection, std::uint32_t oid);

/// Rows that the server's statistics have counted in a table and its parts. Absent where they have
/// counted none: they are reset now and then, and a crash resets them, too.
[[nodiscard]] pg::asio::awaitable<Result<std::optional<std::int64_t>>> counted_rows(
    pg::Connection* connection, std::uint32_t oid);

}  // namespace backfill
