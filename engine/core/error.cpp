#include "backfill/error.hpp"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace backfill {
namespace {

/// Server texts may hold line breaks (a function's CONTEXT, a user's RAISE); a log line may not.
/// A run of control characters and blanks becomes one blank; blanks at the ends go.
std::string on_one_line(std::string_view text) {
  std::string line;
  bool gap = false;
  for (const char character : text) {
    if (static_cast<unsigned char>(character) <= ' ') {
      gap = !line.empty();
      continue;
    }
    if (std::exchange(gap, false)) line += ' ';
    line += character;
  }
  return line;
}

/// DETAIL ends with a full stop, messages do not: taken off, so that we set it once.
std::string without_full_stop(std::string line) {
  if (line.ends_with('.') && !line.ends_with("..")) line.pop_back();
  return line;
}

}  // namespace

std::string_view to_string(ErrorClass kind) {
  switch (kind) {
    case ErrorClass::retry_batch: return "retry_batch";
    case ErrorClass::shrink_batch: return "shrink_batch";
    case ErrorClass::reconnect: return "reconnect";
    case ErrorClass::ambiguous: return "ambiguous";
    case ErrorClass::row: return "row";
    case ErrorClass::lease_lost: return "lease_lost";
    case ErrorClass::fatal: return "fatal";
  }
  std::abort();
}

Error fatal_error(std::string message, std::string hint) {
  Error error;
  error.kind = ErrorClass::fatal;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

std::string describe(const Error& error) {
  std::string line;
  const auto append = [&line](std::string_view separator, const std::string& part) {
    if (part.empty()) return;
    if (!line.empty()) line += separator;
    line += part;
  };
  append("", on_one_line(error.context));
  append(": ", without_full_stop(on_one_line(error.message)));
  if (!error.sqlstate.empty()) append(" ", fmt::format("(SQLSTATE {})", error.sqlstate));
  append(": ", without_full_stop(on_one_line(error.detail)));
  append(". ", on_one_line(error.hint));
  return line;
}

}  // namespace backfill
