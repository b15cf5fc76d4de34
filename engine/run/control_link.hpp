#pragma once

#include <chrono>
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
#include "run/interruption.hpp"

namespace backfill::run {

namespace asio = boost::asio;

/// One connection for statements that are not batches, made anew when it breaks: a job survives the
/// restart of its server in every phase. One coroutine at a time.
///
/// Once the job is to stop (`give_up`, `interrupt`, `abort`) nothing is repeated any more. What
/// closes the job (its last counts, its state, its lease) is still tried, within a short limit.
class ControlLink {
 public:
  /// A server that restarts or fails over is back by then; a job that waits longer should say so.
  static constexpr Duration outage_limit = std::chrono::minutes{10};

  ControlLink(asio::any_io_executor executor, pg::ConnectOptions options, std::uint64_t seed);

  /// The connection; made if there is none. Errors as of `Connection::connect`: one attempt.
  asio::awaitable<Result<pg::Connection*>> connect();

  /// Connects if need be and runs the operation once. Error `reconnect` when it was broken off: the
  /// connection is then closed, and what the operation did is unknown.
  template <class T>
  asio::awaitable<Result<T>> attempt(
      std::function<asio::awaitable<Result<T>>(pg::Connection*)> op) {
    const Result<pg::Connection*> connected = co_await connect();
    if (!connected) co_return connected.error();
    asio::awaitable<Result<T>> work = op(*connected);
    std::optional<Result<T>> outcome =
        co_await interruption_.run(std::move(work), operation_limit());
    if (outcome) co_return *std::move(outcome);
    co_return broken_off();
  }

  /// Runs an operation that may be repeated, until it succeeds or fails for a reason that another
  /// connection would not mend. Errors of class `reconnect` or `ambiguous` are tried again on a new
  /// connection, with back-off, for `outage` in all; lock conflicts `retries` times.
  template <class T>
  asio::awaitable<Result<T>> repeat(std::function<asio::awaitable<Result<T>>(pg::Connection*)> op,
                                    Duration outage = outage_limit) {
    int attempts = 0;
    Instant first_failure{};
    while (true) {
      Result<T> outcome = co_await attempt<T>(op);
      if (outcome) co_return outcome;
      ++attempts;
      const bool again =
          co_await pause_before_retry(outcome.error(), attempts, outage, &first_failure);
      if (!again) co_return outcome;
    }
  }

  /// The job is to stop: ends a pause or a connection attempt, gives a statement that runs a little
  /// time, repeats nothing.
  void give_up();
  /// The same, and cancels the statement that runs.
  void interrupt();
  /// Breaks off whatever runs, and lets nothing more begin.
  void abort();

  [[nodiscard]] bool given_up() const { return given_up_; }

  /// Called with what is wrong and how long the pause is.
  std::function<void(const Error&, Duration)> on_retry;

  void close() { connection_.reset(); }

 private:
  [[nodiscard]] Duration operation_limit() const;
  Error broken_off();
  asio::awaitable<bool> pause_before_retry(Error error, int attempt, Duration outage,
                                           Instant* first_failure);

  asio::any_io_executor executor_;
  pg::ConnectOptions options_;
  std::unique_ptr<pg::Connection> connection_;
  Interruption interruption_;
  asio::steady_timer pause_;
  Random random_;
  bool connecting_ = false;
  bool given_up_ = false;
  bool closed_ = false;  ///< aborted, or the server did not answer in the time that was left
};

/// Whether another attempt may succeed: a lost connection, a lock conflict, a cancel.
[[nodiscard]] bool is_transient(const Error& error);

}  // namespace backfill::run
