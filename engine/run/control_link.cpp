#include "run/control_link.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"

namespace backfill::run {

namespace {

/// A server that restarts or fails over is back by then; a job that waits longer should say so.
constexpr Duration outage_limit = std::chrono::minutes{10};
/// Lock conflicts on the control schema or on a phase's DDL.
constexpr int conflict_retries = 20;
constexpr BackoffSettings control_backoff{.base = std::chrono::milliseconds{200},
                                          .cap = std::chrono::seconds{5}};

bool is_transient(const Error& error) {
  return error.kind == ErrorClass::reconnect || error.kind == ErrorClass::ambiguous ||
         error.kind == ErrorClass::retry_batch || error.kind == ErrorClass::shrink_batch;
}

}  // namespace

ControlLink::ControlLink(asio::any_io_executor executor, pg::ConnectOptions options,
                         std::uint64_t seed)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      pause_(executor_),
      random_(seed) {}

asio::awaitable<Result<pg::Connection*>> ControlLink::connect() {
  if (connection_ && connection_->usable()) co_return connection_.get();
  connection_.reset();
  pg::ConnectOptions options = options_;
  Result<std::unique_ptr<pg::Connection>> made =
      co_await pg::Connection::connect(executor_, std::move(options));
  if (!made) co_return made.error();
  connection_ = *std::move(made);
  co_return connection_.get();
}

asio::awaitable<bool> ControlLink::pause_before_retry(Error error, int attempt,
                                                      Instant* first_failure) {
  if (given_up_ || !is_transient(error)) co_return false;
  const Instant now = pg::now();
  if (attempt == 1) *first_failure = now;
  const bool connected = connection_ && connection_->usable();
  if (connected ? attempt > conflict_retries : now - *first_failure > outage_limit) {
    co_return false;
  }
  Backoff backoff(control_backoff);
  for (int i = 1; i < attempt; ++i) static_cast<void>(backoff.next(random_));
  const Duration wait = backoff.next(random_);
  if (on_retry) on_retry(error, wait);
  pause_.expires_after(wait);
  boost::system::error_code ignored;
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return !given_up_;
}

void ControlLink::give_up() {
  given_up_ = true;
  pause_.cancel();
}

void ControlLink::cancel() {
  if (connection_ && connection_->usable()) connection_->request_cancel();
}

}  // namespace backfill::run
