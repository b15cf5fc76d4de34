#pragma once

#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "backfill/result.hpp"
#include "core/time.hpp"

namespace backfill::pg {

namespace asio = boost::asio;

/// Whether libpq takes this host without asking DNS: empty, a socket directory, or an address.
[[nodiscard]] bool needs_no_lookup(const std::string& host);

/// The numeric addresses of a host name, in the system's order, found on a helper thread. Errors:
/// `fatal` for a name that does not exist, `reconnect` when the name service failed or took longer
/// than the deadline.
asio::awaitable<Result<std::vector<std::string>>> resolve(asio::any_io_executor executor,
                                                          std::string host, Instant deadline);

}  // namespace backfill::pg
