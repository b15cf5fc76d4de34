#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"
#include "pg/conninfo.hpp"
#include "pg/helper_thread.hpp"
#include "pg/libpq.hpp"
#include "pg/prepared_statements.hpp"
#include "pg/scrub.hpp"
#include "pg/socket.hpp"

namespace backfill::pg {

/// How long a cancelled statement may take to end before the connection is given up.
inline constexpr Duration cancel_grace = std::chrono::seconds{5};

// What a Connection is made of. The life of every call: `refuse` what cannot be sent, take an
// InFlight, queue everything in libpq, `flush`, take results with `next` until the flight is over,
// `settle` the cancel request if there was one, and tell the InFlight that it has landed. Wherever
// the coroutine is left before that (an exception, a destroyed frame), the InFlight closes the
// connection: nobody knows then what the server will still send.
class Connection::Implementation {
 public:
  Implementation(const asio::any_io_executor& executor, Scrubber scrub);
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  asio::awaitable<Result<void>> open(Keywords keywords, Target target, Instant deadline);
  /// Asks who answers and, when the caller needs to write, whether that can be written to.
  asio::awaitable<Result<void>> greet(bool read_write, Instant deadline);

  asio::awaitable<Result<Rows>> query(std::string sql, std::vector<Param> params,
                                      Duration deadline);
  asio::awaitable<PipelineResult> pipeline(std::vector<Statement> statements, Duration deadline);
  asio::awaitable<Result<void>> script(std::string sql, Duration deadline);
  asio::awaitable<Result<std::optional<Notification>>> notification(Duration wait);
  void request_cancel();
  bool usable();

  int backend_pid = 0;
  bool pooled = false;
  std::string where;

  [[nodiscard]] int server_version() const { return server_version_; }

 private:
  /// A statement of ours in the pipeline, and what it is there for.
  struct Command {
    enum class Kind { deallocate, prepare, execute } kind = Kind::execute;
    std::size_t statement = 0;
    bool named = false;
  };

  class InFlight;

  /// Why a call cannot be sent at all; absent: go.
  [[nodiscard]] std::optional<Error> refuse(std::string_view sql, const std::vector<Param>& params);
  [[nodiscard]] bool alive() const { return connection_ != nullptr; }
  void close();
  /// The connection is of no more use: closes it and keeps the first reason.
  void lose(std::string_view why);
  [[nodiscard]] Error loss(std::string_view doing) const;
  /// The error of a result that failed; loses the connection where the server ends it.
  [[nodiscard]] Error failure(const PGresult* result, std::string_view doing);

  asio::awaitable<bool> await_io(Interest interest);
  asio::awaitable<bool> flush();
  /// The next result; null between commands, and after a loss (ask `alive`).
  asio::awaitable<ResultHandle> next();
  /// Results up to the end of a simple flight (no pipeline).
  asio::awaitable<Result<Rows>> collect(std::string doing);
  /// Waits for the cancel request of this flight, if any.
  asio::awaitable<bool> settle();
  void take_notifications();
  /// Whether a result is a COPY, which no call here can serve: loses the connection.
  [[nodiscard]] bool is_copy(const PGresult* result);

  [[nodiscard]] bool send_params(const std::string& sql, const std::vector<Param>& params);
  [[nodiscard]] bool queue(const std::vector<Statement>& statements,
                           std::vector<Command>& commands);
  [[nodiscard]] bool queue_statement(const Statement& statement, std::size_t index,
                                     std::vector<Command>& commands);
  asio::awaitable<void> collect_pipeline(const std::vector<Statement>* statements,
                                         const std::vector<Command>* commands,
                                         PipelineResult* outcome);
  void note_success(const Statement& statement, const Command& command, const PGresult* result,
                    PipelineResult& outcome);
  [[nodiscard]] Error note_failure(const Statement& statement, const Command& command,
                                   const PGresult* result);

  asio::any_io_executor executor_;
  Scrubber scrub_;
  Socket socket_;
  HelperThread cancel_;
  ConnectionHandle connection_;
  PreparedStatements prepared_;
  std::deque<Notification> notifications_;
  std::string label_;  ///< "host:port"
  std::string loss_;
  int server_version_ = 0;
  bool in_flight_ = false;
  bool input_ended_ = false;  ///< the socket is at its end; libpq may still hold parsed results

  Instant deadline_;   ///< of the flight; once overdue, the end of the grace
  Duration limit_{0};  ///< what the caller allowed the flight
  bool overdue_ = false;
};

/// One call at a time; closes the connection unless it has landed.
class Connection::Implementation::InFlight {
 public:
  InFlight(Implementation& connection, Duration limit);
  ~InFlight();
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  void land() { landed_ = true; }

 private:
  Implementation& connection_;
  bool landed_ = false;
};

/// A result copied out of libpq.
[[nodiscard]] Rows rows_of(const PGresult* result);

}  // namespace backfill::pg
