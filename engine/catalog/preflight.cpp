#include "catalog/preflight.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "catalog/lock_holders.hpp"
#include "catalog/preflight/checks.hpp"

namespace backfill {
namespace {

struct Check {
  std::string_view name;
  CheckResult (*run)(Preflight*);
};

/// In this order: what a later check would trip over is named by an earlier one.
constexpr std::array<Check, 20> checks{{
    {"server", check_server},
    {"relation_tree", check_relation_tree},
    {"rules", check_rules},
    {"row_security", check_row_security},
    {"publications", check_publications},
    {"privileges", check_privileges},
    {"standbys", check_standbys},
    {"encoding", check_encoding},
    {"set_columns", check_set_columns},
    {"add_columns", check_add_columns},
    {"expressions", check_expressions},
    {"triggers", check_triggers},
    {"preserve", check_preserve},
    {"deferred_constraints", check_deferred_constraints},
    {"unique_indexes", check_unique_indexes},
    {"enforce_steps", check_enforce_steps},
    {"enforce_foreign_keys", check_enforce_foreign_keys},
    {"enforce_values", check_enforce_values},
    {"old_transactions", check_old_transactions},
    {"time_window", check_time_window},
}};

/// The catalogs of older servers lack columns that the other checks read.
constexpr int oldest_server = 130000;

asio::awaitable<Result<void>> run_checks(Preflight* preflight) {
  for (const Check& check : checks) {
    preflight->check = check.name;
    const Result<void> outcome = co_await check.run(preflight);
    if (!outcome && connection_lost(outcome.error())) co_return outcome.error();
    if (preflight->unanswered) co_return *preflight->unanswered;
    if (!outcome) {
      preflight->refuse(
          "this could not be checked on " + preflight->table() + ": " + in_words(outcome.error()),
          outcome.error().hint.empty() ? "Remove the cause that the server names and run again"
                                       : outcome.error().hint);
    }
    if (preflight->connection->server_version() < oldest_server) break;
  }
  co_return Result<void>{};
}

}  // namespace

asio::awaitable<Result<std::vector<Finding>>> preflight(pg::Connection* connection, Job job,
                                                        Target target, PreflightSettings settings) {
  Preflight context;
  context.connection = connection;
  context.job = &job;
  context.target = &target;
  context.settings = settings;
  const Duration deadline = settings.inspection.deadline;
  const auto begun = co_await begin_read_only(connection, std::move(settings.inspection));
  if (!begun) co_return begun.error();
  const auto ran = co_await run_checks(&context);
  co_await end_read_only(connection, deadline);
  if (ran) co_return std::move(context.findings);
  const Error error = ran.error();
  const QualifiedName table = target.table;
  co_return co_await with_lock_holders(connection, table, error);
}

asio::awaitable<Result<std::vector<Finding>>> preflight(pg::Connection* connection, Job job,
                                                        Target target) {
  PreflightSettings settings;
  settings.inspection.lock_timeout = job.safety.lock_timeout;
  return preflight(connection, std::move(job), std::move(target), std::move(settings));
}

}  // namespace backfill
