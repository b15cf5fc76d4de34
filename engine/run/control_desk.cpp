#include "run/control_desk.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "checkpoint/run_transaction.hpp"
#include "pg/clock.hpp"

namespace backfill::run {

namespace {

/// Without LISTEN: a command is in effect within this time, and a look is one row by its key.
constexpr Duration look_interval = std::chrono::milliseconds{400};
/// How long `close` may have to wait.
constexpr Duration nap = std::chrono::milliseconds{100};

}  // namespace

ControlDesk::ControlDesk(asio::any_io_executor executor, JobId job)
    : timer_(std::move(executor)), job_(job) {}

asio::awaitable<void> ControlDesk::attend(pg::Connection* connection, Duration span) {
  const Instant until = pg::now() + span;
  const bool listening = co_await listen(connection);
  bool well = co_await look(connection);
  Instant look_at = pg::now() + look_interval;
  while (well && !closed_ && pg::now() < until) {
    const Duration rest = std::min(nap, until - pg::now());
    bool told = false;
    if (listening) {
      const Result<std::optional<pg::Notification>> heard = co_await connection->notification(rest);
      if (!heard) co_return;
      told = heard->has_value();
    } else {
      timer_.expires_after(rest);
      boost::system::error_code ignored;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!told && (listening || pg::now() < look_at)) continue;
    well = co_await look(connection);
    look_at = pg::now() + look_interval;
  }
}

/// A session that listens is told of the commands for every job of the database: they are rare.
asio::awaitable<bool> ControlDesk::listen(pg::Connection* connection) {
  if (connection->pooled()) co_return false;
  if (listening_pid_ == connection->backend_pid()) co_return true;
  std::string sql = "LISTEN " + std::string(wishes_channel);
  const Result<void> listening = co_await connection->script(std::move(sql), control_deadline);
  if (!listening) co_return false;
  listening_pid_ = connection->backend_pid();
  co_return true;
}

asio::awaitable<bool> ControlDesk::look(pg::Connection* connection) {
  const JobId job = job_;
  Result<Wishes> wishes = co_await read_wishes(connection, job);
  if (!wishes) co_return false;
  Wishes compared = *wishes;
  if (heard_) compared.acknowledged = heard_->acknowledged;
  if (compared != heard_) {
    heard_ = std::move(compared);
    if (on_wishes) on_wishes(*heard_);
  }
  if (wishes->acknowledged >= wishes->revision) co_return true;
  const std::int64_t revision = wishes->revision;
  const Result<void> acknowledged = co_await acknowledge_wishes(connection, job, revision);
  co_return acknowledged.has_value();
}

}  // namespace backfill::run
