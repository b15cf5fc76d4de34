#pragma once

#include <cstdint>
#include <string>

#include "backfill/result.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Of table $1: whether this role may VACUUM and ANALYZE it, the role and the owner. Whoever may
/// not is only warned by the server, which then does nothing.
[[nodiscard]] std::string maintenance_right_sql(int server_version);

[[nodiscard]] pg::asio::awaitable<Result<bool>> may_maintain(pg::Connection* connection,
                                                             std::uint32_t table);

}  // namespace backfill
