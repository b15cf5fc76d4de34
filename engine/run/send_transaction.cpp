#include "run/send_transaction.hpp"

#include <utility>

#include "checkpoint/run_transaction.hpp"

namespace backfill::run {

pg::asio::awaitable<Result<void>> send_transaction(pg::Connection* connection,
                                                   std::vector<pg::Statement> statements) {
  const pg::PipelineResult sent =
      co_await connection->pipeline(std::move(statements), control_deadline);
  if (!sent.error) co_return Result<void>{};
  if (connection->usable()) {
    const Result<void> ignored = co_await connection->script("ROLLBACK", control_deadline);
    static_cast<void>(ignored);
  }
  co_return *sent.error;
}

}  // namespace backfill::run
