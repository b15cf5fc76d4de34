#include <fstream>
#include <signal.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "support/connected.hpp"

namespace backfill::test {

namespace {

/// A second server over a copy of a stopped primary's data, in recovery for ever.
class Standby {
 public:
  explicit Standby(TestServer& primary) : port_(free_port()), directory_(make_server_directory()) {
    const std::filesystem::path data = directory_ / "data";
    primary.stop(TestServer::Stop::fast);
    const pid_t copy = start_as_postgres(
        {"cp", "-a", primary.data_directory().string(), data.string()}, directory_ / "copy.log");
    const int copied = wait_for_exit(copy);
    primary.start();
    if (copied != 0) throw std::runtime_error("the data directory cannot be copied");
    std::ofstream(data / "standby.signal").flush();
    std::ofstream(data / "postgresql.conf", std::ios::app)
        << "port = " << port_ << "\nunix_socket_directories = '" << directory_.string() << "'\n";
    process_ = start_as_postgres({(postgres_bindir() / "postgres").string(), "-D", data.string()},
                                 directory_ / "server.log");
  }
  ~Standby() {
    ::kill(process_, SIGQUIT);
    (void)wait_for_exit(process_);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  [[nodiscard]] int port() const { return port_; }

 private:
  int port_;
  std::filesystem::path directory_;
  pid_t process_ = -1;
};

asio::awaitable<Result<std::string>> attempt(std::string conninfo) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  const auto connection = co_await pg::Connection::connect(executor, options);
  if (!connection) co_return connection.error();
  co_return (*connection)->where();
}

}  // namespace

TEST_CASE("a_standby_is_refused_by_name_and_passed_over_in_a_list") {
  TestServer& primary = TestServer::instance();
  const Standby standby(primary);
  const std::string alone =
      fmt::format("postgresql://postgres@127.0.0.1:{}/postgres", standby.port());
  // "Starting up" and "refused" are transient: another try is what they ask for.
  Error error;
  do {
    const auto refused = run_coroutine(attempt(alone));
    error = error_of(refused);
  } while (error.kind == ErrorClass::reconnect);
  CHECK(error.kind == ErrorClass::fatal);
  CHECK(error.sqlstate == "25006");
  CHECK(error.message == fmt::format("127.0.0.1:{} is a hot standby (read-only)", standby.port()));

  const auto asked_for = run_coroutine(attempt(alone + "?target_session_attrs=standby"));
  CHECK(asked_for.has_value());

  const std::string list = fmt::format("postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/postgres",
                                       standby.port(), primary.port());
  const auto found = run_coroutine(attempt(list));
  CHECK_THAT(value_of(found), Catch::Contains(std::to_string(primary.port())));
  const auto preferred = run_coroutine(attempt(list + "?target_session_attrs=prefer-standby"));
  CHECK_THAT(value_of(preferred), Catch::Contains(std::to_string(standby.port())));
}

}  // namespace backfill::test
