#include <algorithm>
#include <array>
#include <cctype>

#include "pg/errors.hpp"

namespace backfill::pg {

namespace {

struct Marker {
  std::string_view text;
  ErrorClass kind;
  std::string_view hint;
};

// libpq has no code for its own failures, only these texts (fe-connect.c, fe-auth.c, fe-secure.c of
// PostgreSQL 13 to 17). The first that fits decides; what fits none is fatal.
constexpr std::string_view refused_hint =
    "Check that the server runs there and accepts connections (listen_addresses, port, firewall).";
constexpr std::array markers{
    Marker{"Permission denied", ErrorClass::fatal,
           "This user may not use that socket; check its directory and permissions."},
    Marker{"Is the server running", ErrorClass::reconnect, refused_hint},
    Marker{"Connection refused", ErrorClass::reconnect, refused_hint},
    Marker{"no password supplied", ErrorClass::fatal,
           "Give the password in the database URL, PGPASSWORD or the password file."},
    Marker{"server does not support SSL", ErrorClass::fatal,
           "Set sslmode to what the server offers."},
    Marker{"certificate", ErrorClass::fatal, "Check sslmode, sslrootcert and the host's name."},
    Marker{"closed the connection", ErrorClass::reconnect, {}},
    Marker{"could not receive data", ErrorClass::reconnect, {}},
    Marker{"could not send", ErrorClass::reconnect, {}},
    Marker{"SYSCALL error", ErrorClass::reconnect, {}},
    Marker{"unexpected eof", ErrorClass::reconnect, {}},
    Marker{"timeout expired", ErrorClass::reconnect, refused_hint},
    Marker{"timed out", ErrorClass::reconnect, refused_hint},
    Marker{"unreachable", ErrorClass::reconnect, refused_hint},
    Marker{"session is read-only", ErrorClass::fatal, "Connect to the primary."},
    Marker{"hot standby mode", ErrorClass::fatal, "Connect to the primary."},
};

std::string_view hint_for(std::string_view sqlstate) {
  if (sqlstate == "28P01" || sqlstate == "28000") {
    return "Check the user and password in the database URL, PGPASSWORD or the password file, and "
           "the server's pg_hba.conf.";
  }
  if (sqlstate == "3D000") return "Check the name of the database in the database URL.";
  if (sqlstate == "53300") return "Wait, or lower `pace.connections`, or raise max_connections.";
  if (sqlstate == "57P03") return "The server will be ready in a while.";
  return {};
}

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isdigit(c) != 0 || std::isupper(c) != 0;
         });
}

/// "FATAL:  28P01: password …\nDETAIL:  …\nHINT:  …\nLOCATION:  …": the severity is in the
/// server's language, two blanks and the code are not.
struct ServerReport {
  std::string sqlstate;
  std::string message;
};

ServerReport parse_report(std::string_view text) {
  constexpr std::string_view mark = ":  ";
  for (std::size_t at = text.find(mark); at != std::string_view::npos;
       at = text.find(mark, at + 1)) {
    const std::string_view code = text.substr(at + mark.size(), 5);
    const std::size_t after = at + mark.size() + code.size();
    if (!is_sqlstate(code) || text.substr(after, 2) != ": ") continue;
    const std::size_t end = text.find('\n', after);
    const std::size_t from = after + 2;
    return {std::string{code},
            std::string{text.substr(from, end == std::string_view::npos ? end : end - from)}};
  }
  return {};
}

/// libpq's own text on one line, without where it tried and without its question whether the server
/// runs there, for both of which we have our own words.
std::string one_line(std::string_view text) {
  constexpr std::string_view failed = " failed: ";
  if (text.starts_with("connection to server")) {
    const std::size_t at = text.find(failed);
    if (at != std::string_view::npos) text.remove_prefix(at + failed.size());
  }
  text = text.substr(0, text.find("\n\tIs the server running"));
  std::string line;
  bool gap = false;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      gap = !line.empty();
      continue;
    }
    if (gap) line += ' ';
    gap = false;
    line += c;
  }
  return line;
}

}  // namespace

ErrorClass classify_connect_sqlstate(std::string_view sqlstate, std::string_view message) {
  // Starting up or shutting down, too many connections, out of resources, connection exceptions.
  if (sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
      sqlstate.starts_with("53") || sqlstate == "08006" || sqlstate == "08001" ||
      sqlstate == "08003" || sqlstate == "08004") {
    return ErrorClass::reconnect;
  }
  // PgBouncer reports everything of its own as a protocol violation; these pass by themselves.
  const bool passes = message.find("timeout") != std::string_view::npos ||
                      message.find("server login") != std::string_view::npos ||
                      message.find("shut") != std::string_view::npos ||
                      message.find("no more connections allowed") != std::string_view::npos;
  return sqlstate == "08P01" && passes ? ErrorClass::reconnect : ErrorClass::fatal;
}

Error connect_error(std::string_view libpq_text, const std::string& target, const Scrubber& scrub) {
  Error error;
  error.context = "connecting to " + target;
  const ServerReport report = parse_report(libpq_text);
  if (!report.sqlstate.empty()) {
    error.kind = classify_connect_sqlstate(report.sqlstate, report.message);
    error.sqlstate = report.sqlstate;
    error.hint = hint_for(report.sqlstate);
    error.message = "cannot connect to " + target + ": " + scrub(report.message);
    return error;
  }
  const auto marker = std::find_if(markers.begin(), markers.end(), [&](const Marker& candidate) {
    return libpq_text.find(candidate.text) != std::string_view::npos;
  });
  if (marker != markers.end()) {
    error.kind = marker->kind;
    error.hint = marker->hint;
  }
  error.message = "cannot connect to " + target + ": " + scrub(one_line(libpq_text));
  return error;
}

}  // namespace backfill::pg
