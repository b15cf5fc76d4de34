#pragma once

#include <memory>
#include <string>

#include <libpq-fe.h>

namespace backfill::pg {

/// Gives back to libpq what libpq allocated, each kind by its own function.
struct LibpqDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
  void operator()(PGnotify* notify) const { PQfreemem(notify); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

using ResultHandle = std::unique_ptr<PGresult, LibpqDeleter>;
using CancelHandle = std::unique_ptr<PGcancel, LibpqDeleter>;
using NotifyHandle = std::unique_ptr<PGnotify, LibpqDeleter>;
using ConninfoHandle = std::unique_ptr<PQconninfoOption, LibpqDeleter>;
using ConnectionHandle = std::unique_ptr<PGconn, LibpqDeleter>;

/// libpq speaks of absent text as a null pointer.
inline std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

}  // namespace backfill::pg
