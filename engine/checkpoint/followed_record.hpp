#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "backfill/result.hpp"
#include "core/reference.hpp"
#include "pg/connection.hpp"

/// Which foreign keys a type-copy has followed when it added its columns. The catalog cannot tell
/// later: somebody may have dropped one of them, or made another. It stands in `detail` of the
/// phase `add`, and is written in the transaction that adds the columns.
namespace backfill {

[[nodiscard]] std::string followed_record(const std::vector<Reference>& references);

/// As the job's record says, as far as the columns are still there; nothing where no job of this
/// name has added anything.
[[nodiscard]] boost::asio::awaitable<Result<std::vector<Reference>>> read_followed(
    pg::Connection* connection, std::string job);

}  // namespace backfill
