#include "pg/connection.hpp"

#include <poll.h>

#include "pg/clock.hpp"
#include "pg/errors.hpp"
#include "pg/implementation.hpp"

namespace backfill::pg {

Connection::Implementation::Implementation(const asio::any_io_executor& executor, Scrubber scrub)
    : executor_(executor), scrub_(std::move(scrub)), socket_(executor), cancel_(executor) {}

Connection::Implementation::~Implementation() {
  close();
}

asio::awaitable<Result<Rows>> Connection::Implementation::query(std::string sql,
                                                                std::vector<Param> params,
                                                                Duration deadline) {
  const std::optional<Error> refusal = refuse(sql, params);
  if (refusal) co_return *refusal;
  InFlight flight(*this, deadline);
  if (!send_params(sql, params)) {
    lose(scrub_(text_or_empty(PQerrorMessage(connection_.get()))));
    co_return loss(sql);
  }
  (void)co_await flush();
  Result<Rows> outcome = co_await collect(sql);
  const bool settled = co_await settle();
  if (settled) flight.land();
  co_return outcome;
}

asio::awaitable<Result<void>> Connection::Implementation::script(std::string sql,
                                                                 Duration deadline) {
  const std::vector<Param> none;
  const std::optional<Error> refusal = refuse(sql, none);
  if (refusal) co_return *refusal;
  InFlight flight(*this, deadline);
  if (PQsendQuery(connection_.get(), sql.c_str()) != 1) {
    lose(scrub_(text_or_empty(PQerrorMessage(connection_.get()))));
    co_return loss(sql);
  }
  (void)co_await flush();
  const Result<Rows> outcome = co_await collect(sql);
  const bool settled = co_await settle();
  if (settled) flight.land();
  if (!outcome) co_return outcome.error();
  co_return Result<void>{};
}

// Nothing is in flight here, so that a cancelled wait leaves the connection as good as before.
asio::awaitable<Result<std::optional<Notification>>> Connection::Implementation::notification(
    Duration wait) {
  const std::vector<Param> none;
  const std::optional<Error> refusal = refuse("waiting for a notification", none);
  if (refusal) co_return *refusal;
  const Instant until = now() + wait;
  while (notifications_.empty()) {
    const Readiness ready = co_await socket_.wait(Interest::read, until);
    if (ready.timed_out || ready.cancelled) co_return std::optional<Notification>{};
    if (!usable()) {
      Error error = loss("waiting for a notification");
      error.kind = ErrorClass::reconnect;
      co_return error;
    }
  }
  std::optional<Notification> first = std::move(notifications_.front());
  notifications_.pop_front();
  co_return first;
}

// An idle server says nothing unless it closes the connection, so a look at the socket tells a dead
// connection from a live one before anything is entrusted to it. Reading the server's last words is
// not enough: the end of the stream comes behind them.
bool Connection::Implementation::usable() {
  constexpr int reads_max = 16;
  if (!alive() || in_flight_) return alive();
  for (int reads = 0; reads < reads_max; ++reads) {
    pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
    if (::poll(&socket, 1, 0) == 0) break;
    const int consumed = PQconsumeInput(connection_.get());
    take_notifications();
    if (consumed == 0 || PQstatus(connection_.get()) == CONNECTION_BAD) {
      lose(scrub_(text_or_empty(PQerrorMessage(connection_.get()))));
      return false;
    }
  }
  return true;
}

Connection::Connection(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Connection::~Connection() = default;

asio::awaitable<Result<Rows>> Connection::query(std::string sql, std::vector<Param> params,
                                                Duration deadline) {
  return implementation_->query(std::move(sql), std::move(params), deadline);
}

asio::awaitable<PipelineResult> Connection::pipeline(std::vector<Statement> statements,
                                                     Duration deadline) {
  return implementation_->pipeline(std::move(statements), deadline);
}

asio::awaitable<Result<void>> Connection::script(std::string sql, Duration deadline) {
  return implementation_->script(std::move(sql), deadline);
}

asio::awaitable<Result<std::optional<Notification>>> Connection::notification(Duration wait) {
  return implementation_->notification(wait);
}

void Connection::request_cancel() {
  implementation_->request_cancel();
}

bool Connection::usable() const {
  return implementation_->usable();
}

int Connection::backend_pid() const {
  return implementation_->backend_pid;
}

int Connection::server_version() const {
  return implementation_->server_version();
}

bool Connection::pooled() const {
  return implementation_->pooled;
}

const std::string& Connection::where() const {
  return implementation_->where;
}

}  // namespace backfill::pg
