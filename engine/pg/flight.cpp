#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/errors.hpp"
#include "pg/implementation.hpp"

namespace backfill::pg {

namespace {

/// Notifications that nobody takes: the oldest go first.
constexpr std::size_t notification_count_max = 1024;

/// The protocol counts the parameters of a statement in 16 bits.
constexpr std::size_t param_count_max = 65535;

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

Connection::Implementation::InFlight::InFlight(Implementation& connection, Duration limit)
    : connection_(connection) {
  connection_.in_flight_ = true;
  connection_.limit_ = limit;
  connection_.deadline_ = now() + limit;
  connection_.overdue_ = false;
}

Connection::Implementation::InFlight::~InFlight() {
  connection_.in_flight_ = false;
  if (!landed_) connection_.lose("a call on it was abandoned");
}

std::optional<Error> Connection::Implementation::refuse(std::string_view sql,
                                                        const std::vector<Param>& params) {
  Error error;
  error.context = excerpt(sql);
  if (in_flight_) {
    error.message = "the connection is in use by another call";
    return error;
  }
  if (!usable()) {
    error.kind = ErrorClass::reconnect;
    error.message = "the connection to " + where + " is closed: " + loss_;
    return error;
  }
  // libpq takes C strings: it would send what stands before a NUL and say nothing.
  bool holds_nul = sql.find('\0') != std::string_view::npos;
  for (const Param& param : params) {
    holds_nul = holds_nul || (param && param->find('\0') != std::string::npos);
  }
  if (holds_nul) {
    error.sqlstate = "22021";
    error.message = "a statement or parameter holds a NUL byte, which PostgreSQL text cannot";
    return error;
  }
  if (params.size() > param_count_max) {
    error.message = fmt::format("{} parameters are more than a statement can have ({})",
                                params.size(), param_count_max);
    return error;
  }
  return std::nullopt;
}

void Connection::Implementation::close() {
  socket_.close();
  connection_.reset();
}

void Connection::Implementation::lose(std::string_view why) {
  if (loss_.empty()) loss_ = why.empty() ? "it was closed" : why;
  close();
}

Error Connection::Implementation::loss(std::string_view doing) const {
  return lost_error(where, loss_, doing);
}

Error Connection::Implementation::failure(const PGresult* result, std::string_view doing) {
  Error error = server_error(result, doing, scrub_);
  if (ends_session(result) || PQstatus(connection_.get()) == CONNECTION_BAD) {
    lose(error.message);
    if (error.sqlstate.empty()) return loss(doing);
    error.kind = ErrorClass::ambiguous;
    error.message = "the server ended the connection to " + where + ": " + error.message;
    return error;
  }
  if (overdue_ && error.sqlstate == "57014") {
    error.detail = fmt::format("It was cancelled at its deadline of {} ms.", milliseconds(limit_));
  }
  return error;
}

void Connection::Implementation::take_notifications() {
  while (const NotifyHandle notify{PQnotifies(connection_.get())}) {
    if (notifications_.size() >= notification_count_max) notifications_.pop_front();
    notifications_.push_back({text_or_empty(notify->relname), text_or_empty(notify->extra)});
  }
}

asio::awaitable<bool> Connection::Implementation::await_io(Interest interest) {
  const Readiness ready = co_await socket_.wait(interest, deadline_);
  if (!alive()) co_return false;
  if (ready.cancelled) {
    lose("the call that used it was cancelled");
    co_return false;
  }
  if (ready.timed_out && overdue_) {
    lose(fmt::format("no answer within {} ms of the cancel at the deadline of {} ms",
                     milliseconds(cancel_grace), milliseconds(limit_)));
    co_return false;
  }
  if (ready.timed_out) {
    overdue_ = true;
    deadline_ = now() + cancel_grace;
    request_cancel();
    co_return true;
  }
  if (ready.readable) {
    if (PQconsumeInput(connection_.get()) == 0) input_ended_ = true;
    take_notifications();
  }
  co_return true;
}

asio::awaitable<bool> Connection::Implementation::flush() {
  while (alive()) {
    const int state = PQflush(connection_.get());
    if (state == 0 || input_ended_) co_return true;
    if (state < 0) {
      lose(scrub_(text_or_empty(PQerrorMessage(connection_.get()))));
      co_return false;
    }
    // The server may be unable to read on before we have read what it has sent.
    const bool waited = co_await await_io(Interest::read_or_write);
    if (!waited) co_return false;
  }
  co_return false;
}

asio::awaitable<ResultHandle> Connection::Implementation::next() {
  while (alive() && PQisBusy(connection_.get()) != 0) {
    if (input_ended_) {
      lose(scrub_(text_or_empty(PQerrorMessage(connection_.get()))));
      co_return nullptr;
    }
    const bool waited = co_await await_io(Interest::read);
    if (!waited) co_return nullptr;
  }
  if (!alive()) co_return nullptr;
  ResultHandle result{PQgetResult(connection_.get())};
  take_notifications();
  co_return result;
}

bool Connection::Implementation::is_copy(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COPY_IN && status != PGRES_COPY_OUT && status != PGRES_COPY_BOTH) {
    return false;
  }
  // libpq would offer the same COPY as the next result for ever.
  lose("a statement started a COPY, which cannot run here");
  return true;
}

asio::awaitable<Result<Rows>> Connection::Implementation::collect(std::string doing) {
  Rows rows;
  std::optional<Error> error;
  for (;;) {
    const ResultHandle result = co_await next();
    if (!result) break;
    if (is_copy(result.get())) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
      Error found = failure(result.get(), doing);
      if (!error) error = std::move(found);
      if (!alive()) co_return *error;
    } else if (!error) {
      rows = rows_of(result.get());
    }
  }
  if (!alive()) co_return loss(doing);
  if (error) co_return *error;
  co_return rows;
}

Rows rows_of(const PGresult* result) {
  Rows rows;
  const int columns = PQnfields(result);
  const int count = PQntuples(result);
  for (int column = 0; column < columns; ++column) {
    rows.columns.emplace_back(PQfname(result, column));
  }
  rows.values.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    std::vector<Param>& values = rows.values.emplace_back();
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        values.emplace_back(std::nullopt);
        continue;
      }
      const auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
      values.emplace_back(std::string(PQgetvalue(result, row, column), length));
    }
  }
  // PQcmdTuples is not const-correct; it only reads the command tag.
  const std::string tag = text_or_empty(PQcmdTuples(const_cast<PGresult*>(result)));
  if (!tag.empty()) rows.affected = std::stoll(tag);
  return rows;
}

}  // namespace backfill::pg
