#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "backfill/result.hpp"
#include "core/time.hpp"
#include "pg/connection.hpp"

/// One READ ONLY transaction in which the catalog room looks at a table: the server itself then
/// guarantees that looking writes nothing. Everything is set for the transaction alone, so that it
/// works through a transaction pooler.
namespace backfill {

namespace asio = boost::asio;

/// Looking at a table waits for a lock no longer than this, whatever batches may: who holds it is
/// then told, and the look repeated.
inline constexpr Duration looking_patience_max = std::chrono::seconds{10};

struct InspectionSettings {
  /// Of one statement. A lock that another session holds is waited for `lock_timeout` at most.
  Duration deadline = std::chrono::seconds{30};
  Duration lock_timeout = std::chrono::seconds{1};  ///< `looking_patience_max` at most
  std::string search_path;                          ///< as pinned by the job; empty: the session's
};

/// Begins it. On an error no transaction is left open.
[[nodiscard]] asio::awaitable<Result<void>> begin_read_only(pg::Connection* connection,
                                                            InspectionSettings settings);

/// One statement in a savepoint of its own, in one round trip: when it fails, the transaction goes
/// on as if it had never been sent.
[[nodiscard]] asio::awaitable<Result<pg::Rows>> attempt(pg::Connection* connection, std::string sql,
                                                        std::vector<pg::Param> params,
                                                        Duration deadline);

/// Rolls it back. A lost connection has nothing to roll back.
asio::awaitable<void> end_read_only(pg::Connection* connection, Duration deadline);

/// Whether a failure means that nothing more can be asked on this connection.
[[nodiscard]] bool connection_lost(const Error& error);

}  // namespace backfill
