#include "run/lock_watch.hpp"

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "pg/clock.hpp"
#include "signals/blockers.hpp"

namespace backfill::run {

namespace {

constexpr Duration after_failure = std::chrono::milliseconds{250};

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

LockWatch::LockWatch(asio::any_io_executor executor, pg::ConnectOptions options, Duration limit,
                     std::uint64_t seed)
    : link_(executor, std::move(options), seed), rule_(limit), timer_(executor) {}

asio::awaitable<Result<LockLook>> LockWatch::look(pg::Connection* connection) {
  if (connection->pooled() && !std::exchange(pooled_, true) && on_pooled) on_pooled();
  std::vector<int> ours;
  if (our_backends) ours = our_backends();
  co_return co_await read_lock_waits(connection, std::move(ours));
}

void LockWatch::judge(const std::vector<LockWait>& waits, Instant asked_at) {
  const Instant now = pg::now();
  if (on_look) on_look(now);
  for (const LockWaitRule::Overdue& overdue : rule_.on_look(waits, {asked_at, now})) {
    if (!on_waiter) continue;
    on_waiter(overdue.wait.blocker_pid, asked_at,
              fmt::format("session {} (seen for {} ms)", overdue.wait.waiter_pid,
                          milliseconds(overdue.seen)));
  }
}

/// After the others have been judged, whose time is short. Names are a courtesy: none is no
/// failure.
asio::awaitable<void> LockWatch::name_holders(std::vector<int> held_up, Instant looked_at) {
  const std::function<asio::awaitable<Result<std::vector<Blocked>>>(pg::Connection*)> read =
      [held_up](pg::Connection* connection) { return read_blockers(connection, held_up); };
  const Result<std::vector<Blocked>> blocked = co_await link_.attempt<std::vector<Blocked>>(read);
  if (!blocked || !on_held) co_return;
  for (const Blocked& each : *blocked) on_held(each.waiter_pid, looked_at, each.by);
}

asio::awaitable<void> LockWatch::watch() {
  const std::function<asio::awaitable<Result<LockLook>>(pg::Connection*)> read =
      [this](pg::Connection* connection) { return look(connection); };
  while (!stopping_) {
    const Instant asked_at = pg::now();
    Result<LockLook> seen = co_await link_.attempt<LockLook>(read);
    if (stopping_) break;
    if (seen) {
      judge(seen->waits, asked_at);
      if (!seen->held_up.empty()) co_await name_holders(std::move(seen->held_up), asked_at);
      if (stopping_) break;
    } else if (on_failure) {
      on_failure(seen.error());
    }
    timer_.expires_after(seen ? rule_.beat() : after_failure);
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
