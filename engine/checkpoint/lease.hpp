#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "checkpoint/runner_identity.hpp"
#include "core/time.hpp"
#include "pg/connection.hpp"

/// One runner per job. The lease is a courtesy that tells people and runners who is at work; what
/// makes it safe is its epoch, without which nothing commits.
namespace backfill {

struct Lease {
  JobId job;
  Epoch epoch;
  std::string runner;
  std::string
      taken_because;  ///< free, released, own, process_dead, backend_gone, heartbeat_expired
};

/// The runner that holds a job.
struct LeaseOwner {
  RunnerIdentity identity;
  Epoch epoch;
  std::string since;           ///< when it took the job, by the server's clock
  double heartbeat_age_s = 0;  ///< since it last showed that it lives
  double ttl_s = 0;
  bool released = false;
};

struct LeaseSettings {
  Duration ttl = std::chrono::seconds{30};
  /// Of one attempt: batches of the former owner that are still in flight are waited out.
  Duration lock_timeout = std::chrono::seconds{2};
  int attempts = 5;
  Duration pause = std::chrono::milliseconds{200};  ///< between attempts; doubles each time
};

/// The lease, or the live owner that keeps us from it.
using AcquireOutcome = std::variant<Lease, LeaseOwner>;

/// Takes the job when nobody holds it or its owner is dead, and gives the open ranges the new
/// epoch. Errors: `retry_batch` (55P03) when a transaction still holds a checkpoint after all
/// attempts.
[[nodiscard]] pg::asio::awaitable<Result<AcquireOutcome>> acquire_lease(pg::Connection* connection,
                                                                        JobId job,
                                                                        RunnerIdentity self,
                                                                        LeaseSettings settings);

/// Shows that the runner lives. `progress` is JSON, or absent when it has not changed. Error
/// `lease_lost` when another runner has the job now.
[[nodiscard]] pg::asio::awaitable<Result<void>> heartbeat(pg::Connection* connection, Lease lease,
                                                          std::optional<std::string> progress);

/// Lets go, so that the next runner need not wait. A lease that is lost already is none of ours:
/// success.
[[nodiscard]] pg::asio::awaitable<Result<void>> release_lease(pg::Connection* connection,
                                                              Lease lease);

/// Who holds the job or held it last; absent when nobody ever did.
[[nodiscard]] pg::asio::awaitable<Result<std::optional<LeaseOwner>>> read_lease(
    pg::Connection* connection, JobId job);

}  // namespace backfill
