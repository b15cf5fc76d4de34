#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/read_only.hpp"
#include "pg/connection.hpp"

namespace backfill {

struct OlderTransactions {
  bool trigger_exists = false;
  std::vector<std::string> sessions;  ///< who they are, oldest first, for messages
};

/// The transactions of this database that began before a trigger was created, and prepared ones:
/// those that have written something before it, or still look at what was there before it. Standbys
/// and autovacuum do not count.
[[nodiscard]] asio::awaitable<Result<OlderTransactions>> older_transactions(
    pg::Connection* connection, std::uint32_t table, std::string trigger);

}  // namespace backfill
