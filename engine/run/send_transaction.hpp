#pragma once

#include <vector>

#include "backfill/result.hpp"
#include "pg/connection.hpp"

namespace backfill::run {

/// Sends statements that are one transaction (from BEGIN to COMMIT) in one flight; rolls back what
/// a failed one leaves open.
pg::asio::awaitable<Result<void>> send_transaction(pg::Connection* connection,
                                                   std::vector<pg::Statement> statements);

}  // namespace backfill::run
