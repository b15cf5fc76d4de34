#include "run/lease_keeper.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"
#include "run/run_journal.hpp"

namespace backfill::run {

namespace {

/// Often enough for `status` to be lively; a beat is one small HOT update.
constexpr Duration beat_interval = std::chrono::seconds{1};
constexpr std::size_t events_queued_max = 1'000;
/// The last events are worth a second connection; a server that is gone is not waited for.
constexpr int last_tries = 2;

}  // namespace

LeaseKeeper::LeaseKeeper(asio::any_io_executor executor, pg::ConnectOptions options, Lease lease,
                         std::uint64_t seed)
    : link_(executor, std::move(options), seed),
      lease_(std::move(lease)),
      timer_(executor),
      events_(events_queued_max) {}

void LeaseKeeper::record(EventRecord event) {
  events_.push(std::move(event));
}

asio::awaitable<void> LeaseKeeper::keep() {
  while (!stopping_ && !lost_) {
    co_await beat();
    co_await write_events();
    if (stopping_ || lost_) break;
    if (journal != nullptr) co_await journal->write(&link_);
    if (stopping_) break;
    co_await rest();
  }
  for (int i = 0; i < last_tries && !events_.empty(); ++i) co_await write_events();
  if (journal != nullptr) co_await journal->close(&link_);
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

/// An event leaves the queue when it is known to be written. Until then it is sent again, and the
/// server passes over what it has.
asio::awaitable<void> LeaseKeeper::write_events() {
  if (events_.empty()) co_return;
  const std::vector<EventRecord> batch = events_.take();
  const Lease lease = lease_;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> append =
      [lease, batch](pg::Connection* connection) {
        return append_events(connection, lease.job, lease.epoch, batch);
      };
  const Result<void> appended = co_await link_.attempt<void>(append);
  const std::int64_t through = batch.back().no;
  if (appended) {
    events_.written(through);
  } else if (!is_transient(appended.error())) {
    events_.unwritable(through);
  }
}

}  // namespace backfill::run
