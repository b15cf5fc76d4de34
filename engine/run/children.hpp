#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace backfill::run {

namespace asio = boost::asio;

/// Coroutines that run beside their owner, which waits for their end before it goes. What they work
/// on must live until `ended` has returned.
class Children {
 public:
  explicit Children(asio::any_io_executor executor);

  void spawn(asio::awaitable<void> child);

  /// Returns when none is left.
  asio::awaitable<void> ended();

 private:
  asio::any_io_executor executor_;
  asio::steady_timer one_ended_;  ///< cancelled when a child ends
  int running_ = 0;
};

}  // namespace backfill::run
