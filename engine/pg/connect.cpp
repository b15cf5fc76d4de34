#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/conninfo.hpp"
#include "pg/errors.hpp"
#include "pg/implementation.hpp"
#include "pg/resolve.hpp"

namespace backfill::pg {

namespace {

/// libpq prints notices on stderr unless told otherwise; nothing of ours is in them.
void ignore_notice(void*, const PGresult*) {}

Interest interest_of(PostgresPollingStatusType state) {
  return state == PGRES_POLLING_READING ? Interest::read : Interest::write;
}

Error connect_failure(ErrorClass kind, const std::string& target, const std::string& why,
                      std::string hint) {
  Error error;
  error.kind = kind;
  error.message = "cannot connect to " + target + ": " + why;
  error.hint = std::move(hint);
  error.context = "connecting to " + target;
  return error;
}

Error no_answer(const std::string& target) {
  return connect_failure(ErrorClass::reconnect, target, "no answer in time",
                         "Check the host and port, and that no firewall drops the packets.");
}

/// What all attempts came to: one error speaks for itself, several are listed.
Error merged(const std::vector<Error>& errors) {
  Error all = errors.front();
  for (std::size_t i = 1; i < errors.size(); ++i) {
    const Error& next = errors[i];
    // One that may pass by itself makes the whole worth another try.
    if (next.kind == ErrorClass::reconnect && all.kind != ErrorClass::reconnect) {
      all.kind = next.kind;
      all.sqlstate = next.sqlstate;
      all.hint = next.hint;
    }
    if (all.message.find(next.message) == std::string::npos) all.message += "; " + next.message;
  }
  return all;
}

}  // namespace

asio::awaitable<Result<void>> Connection::Implementation::open(Keywords keywords, Target target,
                                                               Instant deadline) {
  keywords.emplace_back("host", target.host);
  keywords.emplace_back("hostaddr", target.hostaddr);
  keywords.emplace_back("port", target.port);
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  if (!connection_) co_return fatal_error("out of memory while connecting");
  PQsetNoticeReceiver(connection_.get(), ignore_notice, nullptr);
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);

  // The manual asks to begin as if the last poll had said "writing".
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
      const std::string text = text_or_empty(PQerrorMessage(connection_.get()));
      co_return connect_error(text, target.label(), scrub_);
    }
    if (!socket_.bind(PQsocket(connection_.get()))) {
      co_return connect_failure(ErrorClass::reconnect, target.label(),
                                "the system gives no more file descriptors", {});
    }
    const Readiness ready = co_await socket_.wait(interest_of(state), deadline);
    if (ready.timed_out || ready.cancelled) co_return no_answer(target.label());
    socket_.close();
    state = PQconnectPoll(connection_.get());
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection_.get(), 1) != 0 || !socket_.bind(PQsocket(connection_.get()))) {
    co_return connect_failure(ErrorClass::reconnect, target.label(),
                              "the system gives no more file descriptors", {});
  }
  server_version_ = PQserverVersion(connection_.get());
  label_ = target.label();
  where = fmt::format("{}/{} as {}", label_, text_or_empty(PQdb(connection_.get())),
                      text_or_empty(PQuser(connection_.get())));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Connection::Implementation::greet(bool read_write, Instant deadline) {
  const std::vector<Param> none;
  std::string sql =
      "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), "
      "pg_catalog.current_setting('transaction_read_only')";
  const int protocol_pid = PQbackendPID(connection_.get());
  const Duration left = std::max(deadline - now(), Duration{1});
  const Result<Rows> rows = co_await query(std::move(sql), none, left);
  if (!rows) {
    // Behind a pooler only the first statement reaches the server itself.
    Error error = rows.error();
    const bool refused = !error.sqlstate.empty();
    error.kind =
        refused ? classify_connect_sqlstate(error.sqlstate, error.message) : ErrorClass::reconnect;
    co_return error;
  }
  const std::vector<Param>& row = rows->values.at(0);
  backend_pid = std::stoi(row.at(0).value());
  pooled = backend_pid != protocol_pid;
  if (pooled) prepared_.distrust();
  if (!read_write) co_return Result<void>{};
  Error read_only = connect_failure(ErrorClass::fatal, where, {}, {});
  read_only.sqlstate = "25006";
  if (row.at(1) == "t") {
    read_only.message = label_ + " is a hot standby (read-only)";
    read_only.hint = "Give the primary's address, or all hosts in a list: host=a,b.";
    co_return read_only;
  }
  if (row.at(2) == "on") {
    read_only.message = "sessions at " + where + " are read-only (default_transaction_read_only)";
    read_only.hint = "Set default_transaction_read_only to off for this role or database.";
    co_return read_only;
  }
  co_return Result<void>{};
}

namespace {

/// The entry of the list, once for each address of its host.
asio::awaitable<Result<std::vector<Target>>> addresses_of(asio::any_io_executor executor,
                                                          Target target, Instant deadline) {
  std::vector<Target> targets;
  if (!target.hostaddr.empty() || needs_no_lookup(target.host)) {
    targets.push_back(std::move(target));
    co_return targets;
  }
  const Result<std::vector<std::string>> found = co_await resolve(executor, target.host, deadline);
  if (!found) co_return found.error();
  for (const std::string& address : *found) {
    Target& next = targets.emplace_back(target);
    next.hostaddr = address;
  }
  co_return targets;
}

/// The end of one attempt: an equal share of the time that is left, or less if the user says so.
Instant share_of(Instant deadline, std::size_t attempts_left, const Conninfo& conninfo) {
  const Instant start = now();
  Duration share = (deadline - start) / static_cast<std::int64_t>(attempts_left);
  if (conninfo.timeout_per_target) share = std::min(share, *conninfo.timeout_per_target);
  return start + share;
}

}  // namespace

// The list of hosts is walked here and not by libpq: its polling interface knows no time limit, so
// that one dead host would eat the time of all that follow, and its errors name no host.
class Connection::Search {
 public:
  Search(asio::any_io_executor executor, const Conninfo& conninfo, bool must_write)
      : executor_(std::move(executor)), conninfo_(conninfo), must_write_(must_write) {}

  asio::awaitable<Result<std::unique_ptr<Connection>>> run(Instant deadline);

 private:
  /// A connection, or null after noting why there is none.
  asio::awaitable<std::unique_ptr<Connection>> try_host(Target host, std::string attributes,
                                                        Instant deadline);
  asio::awaitable<std::unique_ptr<Connection>> try_address(Target target, std::string attributes,
                                                           Instant deadline);
  /// A server that knows us and says no: other hosts would say the same of the same password.
  [[nodiscard]] bool is_over() const {
    return !errors_.empty() &&
           (errors_.back().sqlstate.starts_with("28") || errors_.back().sqlstate == "3D000");
  }

  asio::any_io_executor executor_;
  const Conninfo& conninfo_;
  bool must_write_;
  std::vector<Error> errors_;
};

asio::awaitable<std::unique_ptr<Connection>> Connection::Search::try_address(Target target,
                                                                             std::string attributes,
                                                                             Instant deadline) {
  auto implementation = std::make_unique<Implementation>(executor_, conninfo_.scrub);
  Keywords keywords = conninfo_.keywords;
  keywords.emplace_back("target_session_attrs", std::move(attributes));
  Result<void> opened =
      co_await implementation->open(std::move(keywords), std::move(target), deadline);
  if (opened) opened = co_await implementation->greet(must_write_, deadline);
  if (opened) co_return std::unique_ptr<Connection>(new Connection(std::move(implementation)));
  errors_.push_back(opened.error());
  co_return nullptr;
}

asio::awaitable<std::unique_ptr<Connection>> Connection::Search::try_host(Target host,
                                                                          std::string attributes,
                                                                          Instant deadline) {
  const Result<std::vector<Target>> targets = co_await addresses_of(executor_, host, deadline);
  if (!targets) {
    errors_.push_back(targets.error());
    co_return nullptr;
  }
  std::size_t left = targets->size();
  for (const Target& target : *targets) {
    const Instant until = share_of(deadline, left--, conninfo_);
    std::unique_ptr<Connection> connection = co_await try_address(target, attributes, until);
    if (connection || is_over()) co_return connection;
  }
  co_return nullptr;
}

asio::awaitable<Result<std::unique_ptr<Connection>>> Connection::Search::run(Instant deadline) {
  std::size_t left = conninfo_.targets.size() * conninfo_.rounds.size();
  for (const std::string& attributes : conninfo_.rounds) {
    for (const Target& host : conninfo_.targets) {
      const Instant until = share_of(deadline, left--, conninfo_);
      std::unique_ptr<Connection> connection = co_await try_host(host, attributes, until);
      if (connection) co_return std::move(connection);
      if (is_over()) co_return merged(errors_);
    }
  }
  co_return merged(errors_);
}

asio::awaitable<Result<std::unique_ptr<Connection>>> Connection::connect(
    asio::any_io_executor executor, ConnectOptions options) {
  const Result<Conninfo> conninfo = read_conninfo(options);
  if (!conninfo) co_return conninfo.error();
  const bool must_write = options.read_write && !conninfo->attributes_given;
  Search search(std::move(executor), *conninfo, must_write);
  const Instant deadline = now() + options.timeout;
  auto outcome = co_await search.run(deadline);
  co_return outcome;
}

}  // namespace backfill::pg
