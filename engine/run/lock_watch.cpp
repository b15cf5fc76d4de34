#include "run/lock_watch.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "pg/clock.hpp"

namespace backfill::run {

namespace {

/// Five looks within the limit. A look reads pg_locks, which takes all partitions of the server's
/// lock table for a moment: not more often than that.
constexpr int beats_per_limit = 5;
constexpr Duration beat_min = std::chrono::milliseconds{20};
constexpr Duration beat_max = std::chrono::milliseconds{100};
constexpr Duration after_failure = std::chrono::milliseconds{250};

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

LockWatch::LockWatch(asio::any_io_executor executor, pg::ConnectOptions options, Duration limit,
                     std::uint64_t seed)
    : link_(executor, std::move(options), seed), limit_(limit), timer_(executor) {}

Duration LockWatch::beat() const {
  return std::clamp(limit_ / beats_per_limit, beat_min, beat_max);
}

asio::awaitable<Result<std::vector<LockWait>>> LockWatch::look(pg::Connection* connection) {
  if (connection->pooled() && !std::exchange(pooled_, true) && on_pooled) on_pooled();
  std::vector<int> ours;
  if (our_backends) ours = our_backends();
  co_return co_await lock_waits_.read(connection, std::move(ours));
}

/// The wait may have begun a beat before it was first seen, and the next look comes a beat later
/// than this one: whoever must not wait longer than the limit is let through before it is reached.
asio::awaitable<void> LockWatch::watch() {
  const std::function<asio::awaitable<Result<std::vector<LockWait>>>(pg::Connection*)> read =
      [this](pg::Connection* connection) { return look(connection); };
  while (!stopping_) {
    const Result<std::vector<LockWait>> waits = co_await link_.attempt<std::vector<LockWait>>(read);
    if (stopping_) break;
    if (waits) {
      if (on_look) on_look(pg::now());
      for (const LockWait& wait : *waits) {
        if (wait.waited + 2 * beat() < limit_ || !on_waiter) continue;
        on_waiter(wait.blocker_pid, fmt::format("session {} (for {} ms)", wait.waiter_pid,
                                                milliseconds(wait.waited)));
      }
    } else if (on_failure) {
      on_failure(waits.error());
    }
    timer_.expires_after(waits ? beat() : after_failure);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  link_.close();
}

void LockWatch::stop() {
  stopping_ = true;
  timer_.cancel();
  link_.abort();
}

}  // namespace backfill::run
