#pragma once

#include <boost/asio/awaitable.hpp>

#include "pg/connection.hpp"

namespace backfill::pg {

/// After a failed flight: ends the transaction that it left open, so that the next one does not
/// find it. A connection that is lost is left alone. `Connection::pipeline` does not do this: who
/// sends an explicit transaction calls it on its error.
asio::awaitable<void> roll_back(Connection* connection);

}  // namespace backfill::pg
