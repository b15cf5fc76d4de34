#pragma once

#include <functional>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "checkpoint/wishes.hpp"
#include "core/time.hpp"
#include "pg/connection.hpp"

namespace backfill::run {

namespace asio = boost::asio;

/// Where a runner hears what operators want: it listens for a notification, and looks without one
/// as well (a transaction pooler drops LISTEN, and a notification is lost with its connection).
class ControlDesk {
 public:
  ControlDesk(asio::any_io_executor executor, JobId job);

  /// Called with what stands, whenever it has changed.
  std::function<void(const Wishes&)> on_wishes;

  /// Attends on a connection that nothing else uses meanwhile, for `span` or until `close`. An
  /// error is the next call's business: the connection may then be another one.
  asio::awaitable<void> attend(pg::Connection* connection, Duration span);

  /// `attend` returns soon.
  void close() { closed_ = true; }

 private:
  asio::awaitable<bool> listen(pg::Connection* connection);
  asio::awaitable<bool> look(pg::Connection* connection);

  asio::steady_timer timer_;
  JobId job_;
  std::optional<Wishes> heard_;
  int listening_pid_ = 0;  ///< the server process that has our LISTEN
  bool closed_ = false;
};

}  // namespace backfill::run
