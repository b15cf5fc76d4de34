#include "support/test_server.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>

#include <fmt/format.h>

#include "pg/connection.hpp"
#include "support/run_coroutine.hpp"

namespace backfill::test {

namespace {

constexpr std::chrono::seconds start_limit{60};

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

asio::awaitable<Result<void>> run_script(std::string conninfo, std::string sql) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  const auto connection = co_await pg::Connection::connect(executor, options);
  if (!connection) co_return connection.error();
  const Duration limit = std::chrono::seconds{30};
  const auto outcome = co_await (*connection)->script(std::move(sql), limit);
  co_return outcome;
}

}  // namespace

TestServer& TestServer::instance() {
  static TestServer server;
  return server;
}

TestServer::TestServer() : directory_(make_server_directory()), port_(free_port()) {
  const std::string data = data_directory().string();
  const pid_t initdb =
      start_as_postgres({(postgres_bindir() / "initdb").string(), "-D", data, "-U", "postgres",
                         "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"},
                        directory_ / "initdb.log");
  if (wait_for_exit(initdb) != 0) {
    throw std::runtime_error("initdb failed: " + contents_of(directory_ / "initdb.log"));
  }
  std::ofstream hba(data_directory() / "pg_hba.conf", std::ios::trunc);
  hba << "host all needs_password all scram-sha-256\n"
         "local all all trust\nhost all all all trust\n"
         "local replication all trust\nhost replication all all trust\n";
  hba.close();
  std::ofstream settings(data_directory() / "postgresql.conf", std::ios::app);
  settings << "port = " << port_ << "\nlisten_addresses = '127.0.0.1'\n"
           << "unix_socket_directories = '" << directory_.string() << "'\n"
           << "fsync = off\nfull_page_writes = off\nshared_buffers = 64MB\n"
           << "password_encryption = 'scram-sha-256'\n"  // not yet the default in 13
           << "max_connections = 100\nmax_prepared_transactions = 10\nlog_min_messages = warning\n";
  settings.close();
  start();
}

TestServer::~TestServer() {
  stop(Stop::immediate);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void TestServer::start() {
  if (postmaster_ > 0) return;
  postmaster_ = start_as_postgres(
      {(postgres_bindir() / "postgres").string(), "-D", data_directory().string()},
      directory_ / "server.log");
  const auto until = std::chrono::steady_clock::now() + start_limit;
  for (;;) {
    const Result<void> answer = run_coroutine(run_script(socket_conninfo(), "SELECT 1"));
    if (answer) return;
    const bool ended = ::waitpid(postmaster_, nullptr, WNOHANG) == postmaster_;
    if (ended) postmaster_ = -1;
    if (ended || std::chrono::steady_clock::now() > until) {
      throw std::runtime_error("the test server does not start: " + answer.error().message + "\n" +
                               contents_of(directory_ / "server.log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

void TestServer::stop(Stop mode) {
  if (postmaster_ <= 0) return;
  ::kill(postmaster_, mode == Stop::fast ? SIGINT : SIGQUIT);
  (void)wait_for_exit(postmaster_);
  postmaster_ = -1;
}

void TestServer::restart(Stop mode) {
  stop(mode);
  start();
}

std::string TestServer::conninfo(const std::string& database) const {
  return fmt::format("postgresql://postgres@127.0.0.1:{}/{}", port_, database);
}

std::string TestServer::socket_conninfo(const std::string& database) const {
  return fmt::format("host={} port={} user=postgres dbname={}", directory_.string(), port_,
                     database);
}

std::string TestServer::with_database() {
  const std::string name = fmt::format("test_{}", ++databases_);
  // template0 has no other sessions, which would make the copy fail.
  const Result<void> created = run_coroutine(
      run_script(socket_conninfo(), "CREATE DATABASE " + name + " TEMPLATE template0"));
  if (!created) throw std::runtime_error("no fresh database: " + created.error().message);
  return conninfo(name);
}

}  // namespace backfill::test
