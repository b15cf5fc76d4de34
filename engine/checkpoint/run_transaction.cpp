#include "checkpoint/run_transaction.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace backfill {

pg::asio::awaitable<void> roll_back(pg::Connection* connection) {
  if (!connection->usable()) co_return;
  std::string rollback = "ROLLBACK";
  const auto rolled_back = co_await connection->script(std::move(rollback), control_deadline);
  // The failure that matters is the one that led here; a connection that cannot even roll back
  // says so at its next use.
  static_cast<void>(rolled_back);
}

pg::asio::awaitable<Result<std::vector<pg::Rows>>> run_transaction(
    pg::Connection* connection, TransactionSettings settings, std::vector<pg::Statement> statements,
    Duration deadline) {
  const std::size_t given = statements.size();
  std::vector<pg::Statement> all = in_transaction(settings, std::move(statements));
  pg::PipelineResult outcome = co_await connection->pipeline(std::move(all), deadline);
  if (outcome.error) {
    co_await roll_back(connection);
    co_return Result<std::vector<pg::Rows>>{std::move(*outcome.error)};
  }
  std::vector<pg::Rows> rows;
  rows.reserve(given);
  for (std::size_t i = 0; i < given; ++i) rows.push_back(std::move(outcome.results[i + 2].rows));
  co_return Result<std::vector<pg::Rows>>{std::move(rows)};
}

}  // namespace backfill
