#pragma once

#include <string>
#include <string_view>

namespace backfill {

/// What a failure asks of whoever sees it. The SQLSTATE table in `core/sqlstate.hpp` assigns it.
enum class ErrorClass {
  retry_batch,   ///< the server undid the batch; the same range again, after a back-off
  shrink_batch,  ///< the batch was too much (timeout, memory); the same range again, smaller
  reconnect,     ///< the connection is gone and nothing can have been committed
  ambiguous,   ///< a COMMIT may or may not have happened: read the checkpoint before anything else
  row,         ///< a row fails for its own reason (cast, check, trigger): bisect and name it
  lease_lost,  ///< another runner owns the job now; nothing of ours can commit
  fatal,       ///< no retry can help
};

[[nodiscard]] std::string_view to_string(ErrorClass kind);

/// An expected failure, carried as a value. Never holds a password.
struct Error {
  ErrorClass kind = ErrorClass::fatal;
  std::string sqlstate;  ///< five characters, or empty when the failure is not the server's
  std::string message;   ///< one sentence: the server's own text or ours
  std::string detail;    ///< the server's DETAIL, or more of ours
  std::string hint;      ///< what to do next
  std::string context;   ///< what we were doing: the statement, range or file position
  int position = 0;      ///< character (from 1) of the statement that the server points at, or 0

  friend bool operator==(const Error&, const Error&) = default;
};

[[nodiscard]] Error fatal_error(std::string message, std::string hint = {});

/// "could not …: message (SQLSTATE 42P01): detail. hint", on one line.
[[nodiscard]] std::string describe(const Error& error);

}  // namespace backfill
