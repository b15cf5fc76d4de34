#pragma once

#include "backfill/qualified_name.hpp"
#include "backfill/result.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Whether a lock that another session holds kept the server from answering.
[[nodiscard]] bool kept_by_a_lock(const Error& error);

/// The error, and when a lock on the table is behind it, which sessions hold or want one there that
/// would keep a batch waiting. Takes no lock itself. What cannot be found out is left out.
[[nodiscard]] pg::asio::awaitable<Error> with_lock_holders(pg::Connection* connection,
                                                           QualifiedName table, Error error);

}  // namespace backfill
