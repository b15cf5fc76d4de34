#pragma once

#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "backfill/error.hpp"
#include "pg/scrub.hpp"

namespace backfill::pg {

/// What a server said in a failed result, classed by its SQLSTATE. `doing` is the statement.
[[nodiscard]] Error server_error(const PGresult* result, std::string_view doing,
                                 const Scrubber& scrub);

/// Whether the server ends the session with this failure (severity FATAL or PANIC).
[[nodiscard]] bool ends_session(const PGresult* result);

/// A connection lost, or given up by us, when the server may have acted already.
[[nodiscard]] Error lost_error(const std::string& where, const std::string& why,
                               std::string_view doing);

/// Why an attempt to connect failed, from libpq's text, which must have been written with
/// PQERRORS_VERBOSE: that is the only way to the SQLSTATE. `reconnect` or `fatal`.
[[nodiscard]] Error connect_error(std::string_view libpq_text, const std::string& target,
                                  const Scrubber& scrub);

/// `reconnect` for the SQLSTATEs of a server that will take connections later, else `fatal`.
[[nodiscard]] ErrorClass classify_connect_sqlstate(std::string_view sqlstate,
                                                   std::string_view message);

/// The first 80 characters of a statement on one line, for `Error::context`.
[[nodiscard]] std::string excerpt(std::string_view sql);

}  // namespace backfill::pg
