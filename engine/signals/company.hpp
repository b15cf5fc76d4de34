#pragma once

#include "backfill/result.hpp"
#include "core/time.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Whether others write to this database while we do: then batches must be short, for a foreground
/// write waits about one batch at most.
class Company {
 public:
  /// True while another session has been seen with a transaction id in the last seconds. Our own
  /// sessions are told by `application_prefix`.
  pg::asio::awaitable<Result<bool>> others_write(pg::Connection* connection,
                                                 std::string application_prefix);

 private:
  Instant last_seen_{};
  bool seen_ = false;
};

}  // namespace backfill
