#include "run/rehearse_watch.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"
#include "signals/blockers.hpp"
#include "signals/lock_waits.hpp"

namespace backfill::run {

namespace {

constexpr Duration beat = std::chrono::milliseconds{20};
constexpr std::size_t holders_most = 5;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

RehearseWatch::RehearseWatch(asio::any_io_executor executor, pg::ConnectOptions options,
                             int backend)
    : executor_(executor), options_(std::move(options)), backend_(backend), timer_(executor) {}

void RehearseWatch::stop() {
  stopping_ = true;
  timer_.cancel();
}

/// False when nothing can be asked any more.
asio::awaitable<bool> RehearseWatch::look(pg::Connection* connection, Duration since) {
  std::vector<int> ours{backend_};
  const Result<LockLook> seen = co_await read_lock_waits(connection, std::move(ours));
  if (!seen) co_return false;
  looked_ = true;
  if (!seen->waits.empty()) figures_.held_up_seconds += seconds(since);
  if (seen->held_up.empty()) co_return true;
  figures_.waited_seconds += seconds(since);
  if (figures_.holders.size() >= holders_most) co_return true;
  std::vector<int> held_up = seen->held_up;
  const Result<std::vector<Blocked>> blocked =
      co_await read_blockers(connection, std::move(held_up));
  if (!blocked) co_return false;
  for (const Blocked& each : *blocked) {
    // The age of its transaction differs from look to look; who it is does not.
    const std::string who = each.by.substr(0, each.by.find(','));
    const bool known = std::ranges::any_of(
        figures_.holders, [&](const std::string& holder) { return holder.starts_with(who); });
    if (!known) figures_.holders.push_back(each.by);
  }
  co_return true;
}

asio::awaitable<void> RehearseWatch::watch() {
  pg::ConnectOptions options = options_;
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor_, std::move(options));
  if (!connected) co_return;
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  Instant last = pg::now();
  while (!stopping_) {
    const Instant asked_at = pg::now();
    const bool goes_on = co_await look(connection.get(), asked_at - last);
    last = asked_at;
    if (!goes_on || stopping_) co_return;
    timer_.expires_after(beat);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace backfill::run
