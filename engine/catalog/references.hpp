#pragma once

#include <string>
#include <vector>

#include "catalog/read_only.hpp"
#include "core/reference.hpp"

namespace backfill {

/// The foreign keys that point at columns of a table, directly or through others, one column each:
/// nearest first, then by name. Those of partitions are their parents'. Reads only.
[[nodiscard]] asio::awaitable<Result<std::vector<Reference>>> read_references(
    pg::Connection* connection, QualifiedName table, std::vector<std::string> columns);

}  // namespace backfill
