#include "catalog/read_only.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace backfill {
namespace {

std::string milliseconds(Duration duration) {
  // Zero would mean "no limit" to the server.
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return std::to_string(std::max<long long>(count, 1));
}

pg::Statement plain(std::string sql) {
  pg::Statement statement;
  statement.sql = std::move(sql);
  return statement;
}

}  // namespace

bool connection_lost(const Error& error) {
  return error.kind == ErrorClass::ambiguous || error.kind == ErrorClass::reconnect;
}

asio::awaitable<Result<void>> begin_read_only(pg::Connection* connection,
                                              InspectionSettings settings) {
  std::vector<pg::Statement> statements;
  statements.push_back(plain("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"));
  pg::Statement set = plain(
      "SELECT pg_catalog.set_config('lock_timeout', $1, true), "
      "pg_catalog.set_config('statement_timeout', $2, true)");
  const Duration patience = std::min(settings.lock_timeout, looking_patience_max);
  set.params = {milliseconds(patience), milliseconds(settings.deadline)};
  if (!settings.search_path.empty()) {
    set.sql += ", pg_catalog.set_config('search_path', $3, true)";
    set.params.emplace_back(settings.search_path);
  }
  statements.push_back(std::move(set));
  const pg::PipelineResult begun =
      co_await connection->pipeline(std::move(statements), settings.deadline);
  if (!begun.error) co_return Result<void>{};
  if (!connection_lost(*begun.error)) co_await end_read_only(connection, settings.deadline);
  co_return *begun.error;
}

asio::awaitable<Result<pg::Rows>> attempt(pg::Connection* connection, std::string sql,
                                          std::vector<pg::Param> params, Duration deadline) {
  std::vector<pg::Statement> statements;
  statements.push_back(plain("SAVEPOINT backfill_attempt"));
  statements.push_back(plain(std::move(sql)));
  statements.back().params = std::move(params);
  statements.push_back(plain("RELEASE SAVEPOINT backfill_attempt"));
  pg::PipelineResult answer = co_await connection->pipeline(std::move(statements), deadline);
  if (!answer.error) co_return std::move(answer.results[1].rows);
  if (connection_lost(*answer.error)) co_return std::move(*answer.error);
  std::vector<pg::Statement> undo;
  undo.push_back(plain("ROLLBACK TO SAVEPOINT backfill_attempt"));
  undo.push_back(plain("RELEASE SAVEPOINT backfill_attempt"));
  const pg::PipelineResult undone = co_await connection->pipeline(std::move(undo), deadline);
  if (undone.error) co_return *undone.error;
  co_return std::move(*answer.error);
}

asio::awaitable<void> end_read_only(pg::Connection* connection, Duration deadline) {
  if (!connection->usable()) co_return;
  std::string rollback = "ROLLBACK";
  std::vector<pg::Param> none;
  // Nothing was written, so a failure here only says that the connection is gone.
  const auto ended = co_await connection->query(std::move(rollback), std::move(none), deadline);
  (void)ended;
}

}  // namespace backfill
