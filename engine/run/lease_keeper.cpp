#include "run/lease_keeper.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "pg/clock.hpp"

namespace backfill::run {

namespace {

/// Often enough for `status` to be lively; a beat is one small HOT update.
constexpr Duration beat_interval = std::chrono::seconds{1};
constexpr std::size_t events_queued_max = 1'000;

}  // namespace

LeaseKeeper::LeaseKeeper(asio::any_io_executor executor, pg::ConnectOptions options, Lease lease,
                         std::uint64_t seed)
    : link_(executor, std::move(options), seed), lease_(std::move(lease)), timer_(executor) {}

void LeaseKeeper::record(EventRecord event) {
  if (events_.size() >= events_queued_max) {
    events_.pop_front();
    ++events_dropped_;
  }
  events_.push_back(std::move(event));
}

asio::awaitable<void> LeaseKeeper::keep() {
  while (!stopping_ && !lost_) {
    co_await beat();
    co_await write_events();
    if (stopping_ || lost_) break;
    co_await rest();
  }
  co_await write_events();
  link_.close();
}

void LeaseKeeper::stop() {
  stopping_ = true;
  if (desk != nullptr) desk->close();
  timer_.cancel();
  link_.give_up();
}

asio::awaitable<void> LeaseKeeper::rest() {
  const Instant until = pg::now() + beat_interval;
  if (desk != nullptr) {
    const Result<pg::Connection*> connection = co_await link_.connect();
    if (connection) co_await desk->attend(*connection, beat_interval);
  }
  if (stopping_) co_return;
  timer_.expires_after(std::max(Duration{0}, until - pg::now()));
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// A beat that fails for want of a connection is simply the next one's business: what keeps two
/// runners apart is the epoch, not the heartbeat.
asio::awaitable<void> LeaseKeeper::beat() {
  const Lease lease = lease_;
  std::optional<std::string> text;
  if (progress) text = progress();
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> show =
      [lease, text](pg::Connection* connection) { return heartbeat(connection, lease, text); };
  const Result<void> beaten = co_await link_.attempt<void>(show);
  if (beaten || beaten.error().kind != ErrorClass::lease_lost) co_return;
  lost_ = true;
  if (on_lost) on_lost(beaten.error());
}

asio::awaitable<void> LeaseKeeper::write_events() {
  if (events_.empty()) co_return;
  std::vector<EventRecord> batch(events_.begin(), events_.end());
  if (events_dropped_ > 0) {
    EventRecord dropped;
    dropped.kind = "information";
    dropped.reason = "events_dropped";
    dropped.detail = fmt::format("{{\"count\": {}}}", events_dropped_);
    batch.insert(batch.begin(), std::move(dropped));
  }
  const std::size_t written = events_.size();
  const JobId job = lease_.job;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> append =
      [job, batch](pg::Connection* connection) { return append_events(connection, job, batch); };
  const Result<void> appended = co_await link_.attempt<void>(append);
  if (!appended) co_return;
  events_.erase(events_.begin(), std::next(events_.begin(), static_cast<std::ptrdiff_t>(written)));
  events_dropped_ = 0;
}

}  // namespace backfill::run
