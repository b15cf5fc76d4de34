#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "backfill/result.hpp"
#include "core/time.hpp"
#include "pg/statement.hpp"

namespace backfill::pg {

namespace asio = boost::asio;

struct ConnectOptions {
  /// A libpq URL or keyword/value string; empty: the PG* variables, service and password files.
  std::string conninfo;
  std::string application_name = "backfill";
  Duration timeout = std::chrono::seconds{10};
  /// Refuse a server that cannot be written to (a hot standby), trying the next host of the list.
  bool read_write = true;
};

struct Notification {
  std::string channel;
  std::string payload;
};

/// One libpq connection driven by Asio, used by one coroutine at a time from the one I/O thread.
/// Every wait has a deadline. No message or Error of it ever carries a password.
class Connection {
 public:
  /// Connects without blocking the thread (names are resolved off it). Errors: `reconnect` when a
  /// later try may succeed (refused, starting up, too many connections), else `fatal` (wrong
  /// password, unknown database or host).
  static asio::awaitable<Result<std::unique_ptr<Connection>>> connect(
      asio::any_io_executor executor, ConnectOptions options);

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// One statement in its own implicit transaction, with parameters, in one round trip. After
  /// `deadline` the statement is cancelled; if the server does not answer the cancel within a grace
  /// time the connection is closed.
  asio::awaitable<Result<Rows>> query(std::string sql, std::vector<Param> params,
                                      Duration deadline);

  /// All statements in one flight with one Sync. Statements with `prepared` are prepared in the
  /// same flight when first seen; behind a pooler that cannot keep them (see `pooled()`) they are
  /// sent unnamed.
  asio::awaitable<PipelineResult> pipeline(std::vector<Statement> statements, Duration deadline);

  /// Several statements in one string by the simple protocol (DDL of our own making, no user
  /// input).
  asio::awaitable<Result<void>> script(std::string sql, Duration deadline);

  /// Waits for a NOTIFY; absent when `wait` has passed without one. Only while nothing else runs.
  asio::awaitable<Result<std::optional<Notification>>> notification(Duration wait);

  /// Asks the server to cancel what is running here. May be called while `query` or `pipeline`
  /// waits; the cancel request itself goes out on a helper thread, and the connection is not used
  /// again before that has ended. The running call then returns its (57014) error.
  void request_cancel();

  /// False after a loss: the object is only good for destruction.
  [[nodiscard]] bool usable() const;
  /// The server process as `pg_stat_activity.pid` shows it.
  [[nodiscard]] int backend_pid() const;
  /// As server_version_num.
  [[nodiscard]] int server_version() const;
  /// Whether a transaction pooler sits between (the pid of the protocol is not the backend's own):
  /// no session state may be relied on.
  [[nodiscard]] bool pooled() const;
  /// "host:port/database as user": for messages.
  [[nodiscard]] const std::string& where() const;

 private:
  class Implementation;
  class Search;
  explicit Connection(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace backfill::pg
