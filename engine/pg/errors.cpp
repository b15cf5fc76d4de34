#include "pg/errors.hpp"

#include <cctype>
#include <charconv>

#include "core/sqlstate.hpp"
#include "pg/libpq.hpp"

namespace backfill::pg {

namespace {

constexpr std::size_t excerpt_length = 80;

std::string field(const PGresult* result, int code) {
  return text_or_empty(PQresultErrorField(result, code));
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  return std::string{text};
}

}  // namespace

std::string excerpt(std::string_view sql) {
  std::string line;
  bool gap = false;
  for (const char c : sql) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      gap = !line.empty();
      continue;
    }
    // Cut between characters, never inside of one: continuation bytes of UTF-8 are 10xxxxxx.
    const bool starts_character = (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    if (line.size() >= excerpt_length && starts_character) return line + "…";
    if (gap) line += ' ';
    gap = false;
    line += c;
  }
  return line;
}

bool ends_session(const PGresult* result) {
  const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

Error server_error(const PGresult* result, std::string_view doing, const Scrubber& scrub) {
  Error error;
  error.sqlstate = field(result, PG_DIAG_SQLSTATE);
  error.message = scrub(field(result, PG_DIAG_MESSAGE_PRIMARY));
  error.detail = scrub(field(result, PG_DIAG_MESSAGE_DETAIL));
  error.hint = scrub(field(result, PG_DIAG_MESSAGE_HINT));
  error.context = excerpt(doing);
  const std::string server_context = scrub(field(result, PG_DIAG_CONTEXT));
  if (!server_context.empty()) {
    error.context += (error.context.empty() ? "" : "; ") + server_context;
  }
  if (error.message.empty()) error.message = scrub(trimmed(PQresultErrorMessage(result)));
  const std::string position = field(result, PG_DIAG_STATEMENT_POSITION);
  std::from_chars(position.data(), position.data() + position.size(), error.position);
  error.kind = error.sqlstate.empty() ? ErrorClass::fatal : classify_sqlstate(error.sqlstate);
  return error;
}

Error lost_error(const std::string& where, const std::string& why, std::string_view doing) {
  Error error;
  error.kind = ErrorClass::ambiguous;
  error.message = "the connection to " + where + " was lost: " + why;
  error.context = excerpt(doing);
  return error;
}

}  // namespace backfill::pg
