#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "pg/statement.hpp"

namespace backfill {

/// What every transaction of ours sets for itself alone (a transaction pooler may give each
/// transaction another session).
struct TransactionSettings {
  Duration lock_timeout = std::chrono::seconds{1};
  Duration statement_timeout = std::chrono::seconds{30};
  /// A runner that stops in the middle of a batch must not hold its row locks for ever.
  Duration idle_timeout = std::chrono::seconds{60};
  /// False for batches: a lost commit loses its checkpoint as well. True leaves the session's level
  /// in place, or raises it to `on` where that is `off`.
  bool synchronous = false;
  std::string search_path;       ///< as pinned by the job; empty: the session's
  bool bypass_triggers = false;  ///< session_replication_role = replica
  /// The job whose trigger shall not fire for this transaction (setting backfill.job); empty: none.
  std::string quiet_job;
};

[[nodiscard]] pg::Statement begin_statement();
[[nodiscard]] pg::Statement commit_statement();

/// One SELECT of set_config(…, true): it takes parameters, and is one message instead of seven.
[[nodiscard]] pg::Statement settings_statement(const TransactionSettings& settings);

/// BEGIN, the settings, the given statements, COMMIT.
[[nodiscard]] std::vector<pg::Statement> in_transaction(const TransactionSettings& settings,
                                                        std::vector<pg::Statement> statements);

}  // namespace backfill
