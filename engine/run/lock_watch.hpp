#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "backfill/result.hpp"
#include "core/lock_wait_rule.hpp"
#include "core/time.hpp"
#include "run/control_link.hpp"
#include "signals/lock_waits.hpp"

namespace backfill::run {

/// Holds the promise that no other session waits for a batch longer than `throttle.lock_wait`:
/// looks on a connection and at a pace of its own, so that no slow signal can delay it.
class LockWatch {
 public:
  LockWatch(asio::any_io_executor executor, pg::ConnectOptions options, Duration limit,
            std::uint64_t seed);

  /// The server processes whose locks are ours; empty between sweeps, and behind a pooler.
  std::function<std::vector<int>()> our_backends;
  /// A process of ours has to let go of the locks that it held when it was looked at, for the sake
  /// of a session.
  std::function<void(int backend_pid, Instant looked_at, std::string who)> on_waiter;
  /// A process of ours waited, when it was looked at, for locks that others hold.
  std::function<void(int backend_pid, Instant looked_at, std::string by)> on_held;
  /// Each look, or why there was none.
  std::function<void(Instant)> on_look;
  std::function<void(const Error&)> on_failure;
  /// Told once, behind a transaction pooler.
  std::function<void()> on_pooled;

  void set_limit(Duration limit) { rule_.set(limit); }

  /// Looks until `stop`.
  asio::awaitable<void> watch();
  void stop();

 private:
  asio::awaitable<Result<LockLook>> look(pg::Connection* connection);
  void judge(const std::vector<LockWait>& waits, Instant asked_at);
  asio::awaitable<void> name_holders(std::vector<int> held_up, Instant looked_at);

  ControlLink link_;
  LockWaitRule rule_;
  asio::steady_timer timer_;
  bool pooled_ = false;
  bool stopping_ = false;
};

}  // namespace backfill::run
