#include "run/control_link.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"

namespace backfill::run {

namespace {

/// Lock conflicts on the control schema or on a phase's DDL.
constexpr int conflict_retries = 20;
constexpr BackoffSettings control_backoff{.base = std::chrono::milliseconds{200},
                                          .cap = std::chrono::seconds{5}};
/// Once the job is to stop. Whoever has pressed Ctrl-C waits for these: what could not be said to
/// the server by then follows from the checkpoints and from the lease, which ends by itself.
constexpr Duration closing_connect_limit = std::chrono::milliseconds{700};
constexpr Duration closing_limit = std::chrono::seconds{3};
constexpr Duration cancel_limit = std::chrono::seconds{1};

Error interrupted() {
  Error error = fatal_error("interrupted: the job is to stop");
  error.kind = ErrorClass::reconnect;
  return error;
}

}  // namespace

bool is_transient(const Error& error) {
  return error.kind == ErrorClass::reconnect || error.kind == ErrorClass::ambiguous ||
         error.kind == ErrorClass::retry_batch || error.kind == ErrorClass::shrink_batch;
}

ControlLink::ControlLink(asio::any_io_executor executor, pg::ConnectOptions options,
                         std::uint64_t seed)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      interruption_(executor_),
      pause_(executor_),
      random_(seed) {}

asio::awaitable<Result<pg::Connection*>> ControlLink::connect() {
  if (closed_) co_return interrupted();
  if (connection_ && connection_->usable()) co_return connection_.get();
  connection_.reset();
  pg::ConnectOptions options = options_;
  if (given_up_) options.timeout = closing_connect_limit;
  asio::awaitable<Result<std::unique_ptr<pg::Connection>>> work =
      pg::Connection::connect(executor_, std::move(options));
  connecting_ = true;
  std::optional<Result<std::unique_ptr<pg::Connection>>> made =
      co_await interruption_.run(std::move(work));
  connecting_ = false;
  // One attempt is enough to see that there is no server to say good-bye to.
  if (given_up_ && (!made || !*made)) closed_ = true;
  if (!made) co_return interrupted();
  if (!*made) co_return made->error();
  connection_ = std::move(**made);
  co_return connection_.get();
}

Duration ControlLink::operation_limit() const {
  return given_up_ ? closing_limit : Duration::max();
}

/// Nobody knows what a connection still holds whose use was broken off.
Error ControlLink::broken_off() {
  connection_.reset();
  if (given_up_) closed_ = true;
  return interrupted();
}

asio::awaitable<bool> ControlLink::pause_before_retry(Error error, int attempt, Duration outage,
                                                      Instant* first_failure) {
  if (given_up_ || !is_transient(error)) co_return false;
  const Instant now = pg::now();
  if (attempt == 1) *first_failure = now;
  const bool connected = connection_ && connection_->usable();
  if (connected ? attempt > conflict_retries : now - *first_failure > outage) {
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
  if (connecting_) {
    interruption_.break_off();
  } else {
    interruption_.break_off_after(closing_limit);
  }
}

void ControlLink::interrupt() {
  give_up();
  if (connecting_ || !interruption_.running()) return;
  if (connection_) connection_->request_cancel();
  interruption_.break_off_after(cancel_limit);
}

void ControlLink::abort() {
  given_up_ = true;
  closed_ = true;
  pause_.cancel();
  interruption_.break_off();
}

}  // namespace backfill::run
