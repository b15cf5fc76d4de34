#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.hpp"
#include "run/control_link.hpp"

namespace backfill::run {

/// Looks, from a second connection, at a session of ours that runs DDL: who keeps it waiting, and
/// how far a build has come. Who was in the way cannot be asked any more once the wait is over.
class DdlWatch {
 public:
  DdlWatch(asio::any_io_executor executor, pg::ConnectOptions options, std::uint64_t seed);

  /// Told what the session does, when it has waited for others for a while, and now and then after.
  std::function<void(const std::string& text)> on_wait;

  /// Told of each session that has been terminated: who it was.
  std::function<void(const std::string& text)> on_terminated;
  /// Told why a session that is in the way cannot be terminated.
  std::function<void(const std::string& text)> on_refused;

  /// Connects, so that the first short wait is not over before it could be seen.
  asio::awaitable<void> connect();

  /// Watches the session of a server process until `end`. `doing` says what it is about. With
  /// `force`, sessions that hold a lock on the table that it waits for are terminated when they are
  /// seen; those that wait in front of it, too, are not.
  void begin(int backend_pid, std::string doing, Duration lock_timeout, bool force = false);
  asio::awaitable<void> end();

  /// Who was last seen in the way: "session 4711 (user shop, application pgbench, idle in
  /// transaction, its transaction 83.2 s old)"; empty when nobody was.
  [[nodiscard]] const std::string& blockers() const { return blockers_; }
  /// What the session does, and how far it is; empty when none is watched.
  [[nodiscard]] std::string doing() const;

  void close() { link_.close(); }

 private:
  asio::awaitable<void> watch();
  asio::awaitable<void> look(pg::Connection* connection);
  asio::awaitable<void> terminate_blockers(pg::Connection* connection);
  void report_wait(Instant now);

  asio::any_io_executor executor_;
  ControlLink link_;
  asio::steady_timer timer_;
  asio::steady_timer ended_;  ///< never expires by itself: cancelled when the watching ends
  int backend_pid_ = 0;
  std::string doing_;
  std::string stage_;
  std::string blockers_;
  Duration interval_{};
  Instant waits_since_{};
  Instant reported_{};
  bool force_ = false;
  bool over_ = true;
  bool watching_ = false;
};

}  // namespace backfill::run
