#pragma once

#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.hpp"
#include "pg/connection.hpp"
#include "run/rehearse.hpp"

namespace backfill::run {

/// Looks from a second connection, every few milliseconds, whether the batches of a rehearsal wait
/// for locks or keep others waiting. Figures are sums of the times between two looks, so they are
/// about right and never exact.
class RehearseWatch {
 public:
  RehearseWatch(asio::any_io_executor executor, pg::ConnectOptions options, int backend);

  /// Until `stop`, or until it cannot look any more.
  asio::awaitable<void> watch();
  void stop();

  [[nodiscard]] bool looked() const { return looked_; }
  [[nodiscard]] LockFigures figures() const { return figures_; }

 private:
  asio::awaitable<bool> look(pg::Connection* connection, Duration since);

  asio::any_io_executor executor_;
  pg::ConnectOptions options_;
  int backend_;
  asio::steady_timer timer_;
  bool stopping_ = false;
  bool looked_ = false;
  LockFigures figures_;
};

}  // namespace backfill::run
