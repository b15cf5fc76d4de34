#pragma once

#include <chrono>
#include <vector>

#include "backfill/result.hpp"
#include "checkpoint/transaction.hpp"
#include "core/time.hpp"
#include "pg/connection.hpp"
#include "pg/statement.hpp"

namespace backfill {

/// How long a statement on the control schema may take as a whole before it is given up.
inline constexpr Duration control_deadline = std::chrono::seconds{15};

/// Runs the statements in one flight as a transaction; the rows of the statements given. After a
/// server error the transaction is rolled back before this returns.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<pg::Rows>>> run_transaction(
    pg::Connection* connection, TransactionSettings settings, std::vector<pg::Statement> statements,
    Duration deadline);

}  // namespace backfill
