#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "backfill/result.hpp"
#include "core/backoff.hpp"
#include "core/random.hpp"
#include "pg/connection.hpp"

namespace backfill::run {

namespace asio = boost::asio;

/// One connection for statements that are not batches, made anew when it breaks: a job survives the
/// restart of its server in every phase. One coroutine at a time.
class ControlLink {
 public:
  ControlLink(asio::any_io_executor executor, pg::ConnectOptions options, std::uint64_t seed);

  /// The connection; made if there is none. Errors as of `Connection::connect`: one attempt.
  asio::awaitable<Result<pg::Connection*>> connect();

  /// Runs an operation that may be repeated, until it succeeds or fails for a reason that another
  /// connection would not mend. Errors of class `reconnect` or `ambiguous` are tried again on a new
  /// connection, with back-off, for `outage_limit` in all; lock conflicts `retries` times.
  template <class T>
  asio::awaitable<Result<T>> repeat(std::function<asio::awaitable<Result<T>>(pg::Connection*)> op) {
    int attempt = 0;
    Instant first_failure{};
    while (true) {
      Result<T> outcome = co_await once<T>(op);
      if (outcome) co_return outcome;
      ++attempt;
      const bool again = co_await pause_before_retry(outcome.error(), attempt, &first_failure);
      if (!again) co_return outcome;
    }
  }

  /// Whether anything is worth repeating: false once the job is to stop.
  void give_up();
  [[nodiscard]] bool given_up() const { return given_up_; }

  /// Called with what is wrong and how long the pause is.
  std::function<void(const Error&, Duration)> on_retry;

  /// Cancels the statement that runs now, if any.
  void cancel();

  void close() { connection_.reset(); }

 private:
  template <class T>
  asio::awaitable<Result<T>> once(std::function<asio::awaitable<Result<T>>(pg::Connection*)> op) {
    const Result<pg::Connection*> connected = co_await connect();
    if (!connected) co_return connected.error();
    co_return co_await op(*connected);
  }

  asio::awaitable<bool> pause_before_retry(Error error, int attempt, Instant* first_failure);

  asio::any_io_executor executor_;
  pg::ConnectOptions options_;
  std::unique_ptr<pg::Connection> connection_;
  asio::steady_timer pause_;
  Random random_;
  bool given_up_ = false;
};

}  // namespace backfill::run
