#pragma once

#include <optional>

#include "backfill/result.hpp"
#include "checkpoint/migrations.hpp"
#include "pg/connection.hpp"

/// Schema `backfill` in the target database: created at first use, versioned, and migrated by the
/// tool. What its tables and columns mean is said by the COMMENTs on them.
namespace backfill {

/// The version found in the database; absent when there is no control schema.
[[nodiscard]] pg::asio::awaitable<Result<std::optional<int>>> read_control_schema_version(
    pg::Connection* connection);

/// Creates the schema, or brings it to this tool's version. Two that do it at once take turns.
/// Errors: the schema is newer than the tool, belongs to something else, or may not be created.
[[nodiscard]] pg::asio::awaitable<Result<void>> install_control_schema(pg::Connection* connection);

}  // namespace backfill
