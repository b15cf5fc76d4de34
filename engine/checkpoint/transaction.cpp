#include "checkpoint/transaction.hpp"

#include <chrono>
#include <iterator>
#include <utility>

namespace backfill {
namespace {

std::string milliseconds(Duration duration) {
  // Zero would mean "no limit" to the server.
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return std::to_string(count < 1 ? 1 : count);
}

}  // namespace

/// Whatever the role or the database has for a default: a statement that has waited for a lock must
/// see what was committed meanwhile.
pg::Statement begin_statement() {
  return {.sql = "BEGIN ISOLATION LEVEL READ COMMITTED", .params = {}, .prepared = true};
}

pg::Statement commit_statement() {
  return {.sql = "COMMIT", .params = {}, .prepared = true};
}

pg::Statement settings_statement(const TransactionSettings& settings) {
  pg::Statement statement;
  statement.prepared = true;
  statement.sql =
      "SELECT pg_catalog.set_config('lock_timeout', $1, true), "
      "pg_catalog.set_config('statement_timeout', $2, true), "
      "pg_catalog.set_config('idle_in_transaction_session_timeout', $3, true), "
      "pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)";
  statement.params = {milliseconds(settings.lock_timeout), milliseconds(settings.statement_timeout),
                      milliseconds(settings.idle_timeout)};
  statement.sql +=
      settings.synchronous
          ? ", pg_catalog.set_config('synchronous_commit', CASE "
            "pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE "
            "pg_catalog.current_setting('synchronous_commit') END, true)"
          : ", pg_catalog.set_config('synchronous_commit', 'off', true)";
  if (settings.bypass_triggers) {
    statement.sql += ", pg_catalog.set_config('session_replication_role', 'replica', true)";
  }
  if (!settings.search_path.empty()) {
    statement.sql += ", pg_catalog.set_config('search_path', $4, true)";
    statement.params.emplace_back(settings.search_path);
  }
  if (!settings.quiet_job.empty()) {
    statement.params.emplace_back(settings.quiet_job);
    statement.sql += ", pg_catalog.set_config('backfill.job', $" +
                     std::to_string(statement.params.size()) + ", true)";
  }
  return statement;
}

std::vector<pg::Statement> in_transaction(const TransactionSettings& settings,
                                          std::vector<pg::Statement> statements) {
  std::vector<pg::Statement> all;
  all.reserve(statements.size() + 3);
  all.push_back(begin_statement());
  all.push_back(settings_statement(settings));
  std::move(statements.begin(), statements.end(), std::back_inserter(all));
  all.push_back(commit_statement());
  return all;
}

}  // namespace backfill
