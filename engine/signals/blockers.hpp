#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "backfill/result.hpp"
#include "pg/connection.hpp"
#include "pg/field.hpp"

namespace backfill {

/// A server process that waits for locks, and whom it waits for.
struct Blocked {
  int waiter_pid = 0;
  /// "session 4711 (user shop, application psql, idle in transaction, its transaction 83.2 s old)";
  /// several are listed.
  std::string by;
};

/// One session, as above. From column `first` on the row has its pid, user, application_name, state
/// and the age of its transaction in seconds, as pg_stat_activity shows them to us.
[[nodiscard]] std::string session_text(const pg::Row& row, std::size_t first);

/// Who keeps these processes waiting; those that wait for nobody are left out. Named is who holds
/// the lock, at the end of the queue of those who wait for it as well. The state and the age of
/// other roles' sessions are shown with pg_monitor only.
pg::asio::awaitable<Result<std::vector<Blocked>>> read_blockers(pg::Connection* connection,
                                                                std::vector<int> waiting);

}  // namespace backfill
