#pragma once

#include "backfill/result.hpp"
#include "core/time.hpp"
#include "core/work.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Who else is at work: whether others write to this database (then batches must be short, for a
/// foreground write waits about one batch at most), and how many of their sessions want a CPU.
class Company {
 public:
  /// `others_write` is true while another session has been seen with a transaction id in the last
  /// seconds. Our own sessions are told by `application_prefix`.
  pg::asio::awaitable<Result<CompanySeen>> read(pg::Connection* connection,
                                                std::string application_prefix);

 private:
  Instant last_seen_{};
  bool seen_ = false;
};

/// How many CPUs the server has: those of this machine when it runs here, else 0, for SQL does not
/// tell. That both ends of the connection have one address (or a socket's none) is not enough:
/// through a tunnel they may be the same on another machine. So there must also be a process of the
/// server's with the backend's pid.
[[nodiscard]] int cpus_of_server(bool one_address, int backend_pid);

}  // namespace backfill
