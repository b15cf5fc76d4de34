#include "run/send_transaction.hpp"

#include <utility>

#include "checkpoint/run_transaction.hpp"
#include "pg/roll_back.hpp"

namespace backfill::run {

pg::asio::awaitable<Result<void>> send_transaction(pg::Connection* connection,
                                                   std::vector<pg::Statement> statements) {
  const pg::PipelineResult sent =
      co_await connection->pipeline(std::move(statements), control_deadline);
  if (!sent.error) co_return Result<void>{};
  co_await pg::roll_back(connection);
  co_return *sent.error;
}

}  // namespace backfill::run
