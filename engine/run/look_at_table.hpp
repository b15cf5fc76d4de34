#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "backfill/qualified_name.hpp"
#include "backfill/result.hpp"
#include "core/target.hpp"

namespace backfill::run {

/// What a starter file says of its table.
struct TableLook {
  Target target;
  std::optional<std::int64_t> bytes;  ///< without indexes
};

/// Connects, reads the catalog and writes nothing. Errors as `describe_table` has them, and those
/// of connecting.
[[nodiscard]] boost::asio::awaitable<Result<TableLook>> look_at_table(
    boost::asio::any_io_executor executor, std::string conninfo, QualifiedName table);

}  // namespace backfill::run
