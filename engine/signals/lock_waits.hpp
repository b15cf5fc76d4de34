#pragma once

#include <vector>

#include "backfill/result.hpp"
#include "core/lock_wait_rule.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Who waits for our batches just now. Reads pg_locks, which every role may: it needs no privilege.
/// `ours` are server processes whose waits and locks are our own.
pg::asio::awaitable<Result<std::vector<LockWait>>> read_lock_waits(pg::Connection* connection,
                                                                   std::vector<int> ours);

}  // namespace backfill
