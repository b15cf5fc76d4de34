#include "pg/conninfo.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <string_view>

#include "pg/connection.hpp"
#include "pg/libpq.hpp"

namespace backfill::pg {

namespace {

using Values = std::map<std::string, std::string>;

// libpq merges the string with service files, variables and defaults only on its way to a
// connection. This value, which no option can have, stops it there before it opens a socket.
constexpr const char* stop_value = "stop-before-connecting";

constexpr const char* default_port = "5432";

constexpr const char* percent_hint =
    "In a URL, special characters of the user name and password must be percent-encoded "
    "(@ as %40, : as %3A, / as %2F, # as %23).";

Values values_of(const PQconninfoOption* options) {
  Values values;
  for (; options != nullptr && options->keyword != nullptr; ++options) {
    if (options->val != nullptr) values.emplace(options->keyword, options->val);
  }
  return values;
}

std::string value_or_empty(const Values& values, const std::string& keyword) {
  const auto found = values.find(keyword);
  return found == values.end() ? std::string{} : found->second;
}

std::string first_line(std::string_view text) {
  return std::string{text.substr(0, text.find('\n'))};
}

Result<Values> parse(const std::string& conninfo) {
  if (conninfo.empty()) return Values{};
  char* complaint = nullptr;
  const ConninfoHandle options{PQconninfoParse(conninfo.c_str(), &complaint)};
  if (options) return values_of(options.get());
  const std::string why = without_quotations(first_line(text_or_empty(complaint)));
  PQfreemem(complaint);
  return fatal_error("the database URL cannot be read: " + why, percent_hint);
}

Scrubber make_scrubber(const Values& merged) {
  // A password that equals the user or database name is no secret to hide in messages about those.
  std::vector<std::string> secrets;
  for (const char* keyword : {"password", "sslpassword"}) {
    const std::string secret = value_or_empty(merged, keyword);
    const bool is_public = std::any_of(merged.begin(), merged.end(), [&](const auto& entry) {
      return entry.second == secret && entry.first != "password" && entry.first != "sslpassword";
    });
    if (!is_public) secrets.push_back(secret);
  }
  return Scrubber{std::move(secrets)};
}

ConnectionHandle start_and_stop(const char* keyword, const char* value) {
  const char* const keywords[] = {keyword, "channel_binding", nullptr};
  const char* const values[] = {value, stop_value, nullptr};
  return ConnectionHandle{PQconnectStartParams(keywords, values, 1)};
}

/// Where libpq looks for a local socket when it is told nothing: compiled into it.
std::string default_socket_directory() {
  const ConnectionHandle probe = start_and_stop("host", ",");
  return probe ? text_or_empty(PQhost(probe.get())) : std::string{};
}

Result<Values> merge(const std::string& conninfo) {
  const ConnectionHandle probe = start_and_stop("dbname", conninfo.c_str());
  if (!probe) return fatal_error("out of memory while reading the database URL");
  const ConninfoHandle options{PQconninfo(probe.get())};
  Values merged = values_of(options.get());
  const std::string complaint = text_or_empty(PQerrorMessage(probe.get()));
  if (complaint.find(stop_value) == std::string::npos) {
    return fatal_error(
        "the database URL cannot be used: " + make_scrubber(merged)(first_line(complaint)),
        "Check the database URL, the service file and the PG* variables.");
  }
  return merged;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const std::size_t comma = list.find(',', from);
    parts.push_back(list.substr(from, comma == std::string::npos ? comma : comma - from));
    if (comma == std::string::npos) return parts;
    from = comma + 1;
  }
}

bool is_port(const std::string& text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// The lists of hosts, addresses and ports side by side; libpq has checked that their lengths fit.
Result<std::vector<Target>> targets_of(const Values& merged) {
  const std::vector<std::string> hosts = split(value_or_empty(merged, "host"));
  const std::vector<std::string> addresses = split(value_or_empty(merged, "hostaddr"));
  const std::vector<std::string> ports = split(value_or_empty(merged, "port"));
  std::vector<Target> targets(std::max(hosts.size(), addresses.size()));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Target& target = targets[i];
    if (i < hosts.size()) target.host = hosts[i];
    if (i < addresses.size()) target.hostaddr = addresses[i];
    if (target.host.empty() && target.hostaddr.empty()) target.host = default_socket_directory();
    target.port = ports.size() == 1 ? ports.front() : i < ports.size() ? ports[i] : std::string{};
    // A password with a bare @ or / in a URL ends up in these: say so, and repeat nothing of it.
    if (target.host.find('@', 1) != std::string::npos) {
      return fatal_error("the host of the database URL holds an @", percent_hint);
    }
    if (!target.port.empty() && !is_port(target.port)) {
      return fatal_error("the port of the database URL is not a number from 1 to 65535",
                         percent_hint);
    }
  }
  return targets;
}

bool user_asked_for_attributes(const Values& given, const Values& merged) {
  // "any" is also libpq's default, which the merged values do not tell from a wish.
  return given.contains("target_session_attrs") || std::getenv("PGTARGETSESSIONATTRS") != nullptr ||
         value_or_empty(merged, "target_session_attrs") != "any";
}

/// Dead peers must be noticed within about half a minute, not after the kernel's two hours; whoever
/// has set any of these keeps the say over all of them.
void add_keepalives(const Values& merged, Keywords& keywords) {
  for (const char* keyword :
       {"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}) {
    if (!value_or_empty(merged, keyword).empty()) return;
  }
  if (value_or_empty(merged, "keepalives") == "0") return;
  keywords.emplace_back("keepalives_idle", "10");
  keywords.emplace_back("keepalives_interval", "5");
  keywords.emplace_back("keepalives_count", "3");
  keywords.emplace_back("tcp_user_timeout", "30000");
}

/// Everything that was merged, but for what each attempt sets itself. The service goes along for
/// the one value that the merge has displaced.
Keywords keywords_of(const Values& given, const Values& merged) {
  Values kept = merged;
  for (const char* keyword :
       {"host", "hostaddr", "port", "client_encoding", "channel_binding", "target_session_attrs"}) {
    kept.erase(keyword);
  }
  for (const char* keyword : {"service", "channel_binding"}) {
    const std::string value = value_or_empty(given, keyword);
    if (!value.empty()) kept[keyword] = value;
  }
  kept["client_encoding"] = "UTF8";
  return {kept.begin(), kept.end()};
}

std::optional<Duration> timeout_of(const Values& merged) {
  const std::string text = value_or_empty(merged, "connect_timeout");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || seconds <= 0) return std::nullopt;
  // libpq rounds one second up to two, since its clock ticks in whole seconds.
  return std::chrono::seconds{std::max(seconds, 2)};
}

}  // namespace

std::string Target::label() const {
  return (host.empty() ? hostaddr : host) + ":" + (port.empty() ? default_port : port);
}

Result<Conninfo> read_conninfo(const ConnectOptions& options) {
  const Result<Values> given = parse(options.conninfo);
  if (!given) return given.error();
  const Result<Values> merged = merge(options.conninfo);
  if (!merged) return merged.error();
  Result<std::vector<Target>> targets = targets_of(*merged);
  if (!targets) return targets.error();

  Conninfo conninfo;
  conninfo.targets = std::move(*targets);
  conninfo.database = value_or_empty(*merged, "dbname");
  conninfo.user = value_or_empty(*merged, "user");
  if (options.conninfo.find("://") != std::string::npos &&
      conninfo.database.find('@') != std::string::npos) {
    return fatal_error("the database name of the database URL holds an @", percent_hint);
  }
  conninfo.keywords = keywords_of(*given, *merged);
  conninfo.keywords.emplace_back("fallback_application_name", options.application_name);
  add_keepalives(*merged, conninfo.keywords);
  conninfo.attributes_given = user_asked_for_attributes(*given, *merged);
  const std::string attributes = value_or_empty(*merged, "target_session_attrs");
  conninfo.rounds = {attributes};
  // Two rounds are how libpq itself understands this one.
  if (attributes == "prefer-standby") conninfo.rounds = {"standby", "any"};
  conninfo.timeout_per_target = timeout_of(*merged);
  conninfo.scrub = make_scrubber(*merged);
  return conninfo;
}

}  // namespace backfill::pg
