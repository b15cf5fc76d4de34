#include "checkpoint/run_transaction.hpp"

#include <cstddef>
#include <utility>

#include "pg/roll_back.hpp"

namespace backfill {

pg::asio::awaitable<Result<std::vector<pg::Rows>>> run_transaction(
    pg::Connection* connection, TransactionSettings settings, std::vector<pg::Statement> statements,
    Duration deadline) {
  const std::size_t given = statements.size();
  std::vector<pg::Statement> all = in_transaction(settings, std::move(statements));
  pg::PipelineResult outcome = co_await connection->pipeline(std::move(all), deadline);
  if (outcome.error) {
    co_await pg::roll_back(connection);
    co_return Result<std::vector<pg::Rows>>{std::move(*outcome.error)};
  }
  std::vector<pg::Rows> rows;
  rows.reserve(given);
  for (std::size_t i = 0; i < given; ++i) rows.push_back(std::move(outcome.results[i + 2].rows));
  co_return Result<std::vector<pg::Rows>>{std::move(rows)};
}

}  // namespace backfill
