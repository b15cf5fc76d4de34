#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "core/time.hpp"

namespace backfill::run {

namespace asio = boost::asio;

/// Lets somebody else on the I/O thread break off what a coroutine waits for: a connection attempt,
/// a statement, a pause. One piece of work at a time. The work runs as a coroutine of its own: once
/// broken off, each further wait of it throws, which must not reach the coroutine that goes on.
class Interruption {
 public:
  explicit Interruption(asio::any_io_executor executor);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// What the work came to; absent when it was broken off before its end, or did not end within
  /// `limit`. Throws what it throws.
  template <class T>
  asio::awaitable<std::optional<T>> run(asio::awaitable<T> work, Duration limit = Duration::max()) {
    std::optional<T> value;
    asio::awaitable<void> kept = keep(std::move(work), &value);
    co_await drive(std::move(kept), limit);
    co_return value;
  }

  /// Breaks off what runs now, if anything does. Whatever it used is in an unknown state.
  void break_off();
  /// The same, unless the work ends within `time`.
  void break_off_after(Duration time);

  [[nodiscard]] bool running() const;

 private:
  struct State;

  template <class T>
  static asio::awaitable<void> keep(asio::awaitable<T> work, std::optional<T>* value) {
    T result = co_await std::move(work);
    value->emplace(std::move(result));
  }

  asio::awaitable<void> drive(asio::awaitable<void> work, Duration limit);

  std::shared_ptr<State> state_;
};

}  // namespace backfill::run
