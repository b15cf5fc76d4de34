#pragma once

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// The table of a job, found as the server finds it (with the session's search_path). Errors, all
/// `fatal` and with what to do instead: no such table (the nearest name is given), not a table, a
/// table of the system, no usable key. A lock on the table is waited for `safety.lock_timeout`;
/// then the error says who holds it. Writes nothing.
[[nodiscard]] pg::asio::awaitable<Result<Target>> describe_table(pg::Connection* connection,
                                                                 Job job);

}  // namespace backfill
