#pragma once

#include <string>

#include "backfill/result.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Whether the server knows a time zone of that name or abbreviation, in any case. Only it can say:
/// one that it does not know would stop a job as a signal that cannot be read.
[[nodiscard]] pg::asio::awaitable<Result<bool>> knows_time_zone(pg::Connection* connection,
                                                                std::string zone);

}  // namespace backfill
