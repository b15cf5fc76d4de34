#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "support/connected.hpp"

namespace backfill::test {

namespace {

/// Where the connection led; it does not outlive the coroutine, as it must not its io_context.
using Connected = Result<std::string>;

asio::awaitable<Connected> try_connect(pg::ConnectOptions options) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto connection = co_await pg::Connection::connect(executor, std::move(options));
  if (!connection) co_return connection.error();
  co_return (*connection)->where();
}

pg::ConnectOptions options_for(std::string conninfo) {
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  return options;
}

Connected connected(std::string conninfo) {
  return run_coroutine(try_connect(options_for(std::move(conninfo))));
}

Error refusal(std::string conninfo) {
  const Connected connection = connected(std::move(conninfo));
  return error_of(connection);
}

/// One value of a query through a connection made for it.
std::string ask(std::string conninfo, std::string sql) {
  return run_coroutine([](std::string url, std::string question) -> asio::awaitable<std::string> {
    const auto connection = co_await connect_to(std::move(url));
    const std::vector<pg::Param> none;
    const auto rows = co_await connection->query(std::move(question), none, limit);
    co_return value_of(rows).values.at(0).at(0).value_or("NULL");
  }(std::move(conninfo), std::move(sql)));
}

/// The environment as it was, put back at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

/// Accepts connections by the kernel's backlog alone, and never says a word.
class Blackhole {
 public:
  [[nodiscard]] int port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_,
                                    asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
};

std::string all_text_of(const Error& error) {
  return error.message + error.detail + error.hint + error.context + describe(error);
}

}  // namespace

TEST_CASE("a_connection_knows_its_server_and_how_to_name_it") {
  run_coroutine([]() -> asio::awaitable<void> {
    TestServer& server = TestServer::instance();
    const auto connection = co_await connect_to(server.conninfo());
    CHECK(connection->usable());
    CHECK_FALSE(connection->pooled());
    CHECK(connection->server_version() >= 130000);
    CHECK(connection->where() == fmt::format("127.0.0.1:{}/postgres as postgres", server.port()));
    const std::vector<pg::Param> none;
    const auto rows = co_await connection->query(
        "SELECT pg_backend_pid(), current_setting('application_name'), "
        "current_setting('client_encoding')",
        none, limit);
    const auto& row = value_of(rows).values[0];
    CHECK(row[0] == std::to_string(connection->backend_pid()));
    CHECK(row[1] == "backfill");
    CHECK(row[2] == "UTF8");
  }());
}

TEST_CASE("the_users_application_name_wins_over_ours") {
  CHECK(ask(TestServer::instance().conninfo() + "?application_name=theirs",
            "SELECT current_setting('application_name')") == "theirs");
}

TEST_CASE("connections_go_through_sockets_names_addresses_and_lists") {
  TestServer& server = TestServer::instance();
  const int dead = free_port();
  const std::string one = "SELECT 1";
  CHECK(ask(server.socket_conninfo(), one) == "1");
  CHECK(ask(fmt::format("postgresql://postgres@localhost:{}/postgres", server.port()), one) == "1");
  CHECK(ask(fmt::format("host=ignored.invalid hostaddr=127.0.0.1 port={} user=postgres "
                        "dbname=postgres",
                        server.port()),
            one) == "1");
  CHECK(ask(fmt::format("postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/postgres", dead,
                        server.port()),
            one) == "1");
  CHECK(ask(fmt::format("host=no-such-host.invalid,{} port={} user=postgres dbname=postgres",
                        server.socket_directory().string(), server.port()),
            one) == "1");
}

TEST_CASE("a_silent_host_of_a_list_leaves_time_for_the_next") {
  const Blackhole silent;
  pg::ConnectOptions options =
      options_for(fmt::format("postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/postgres",
                              silent.port(), TestServer::instance().port()));
  options.timeout = std::chrono::seconds{4};
  const Connected connection = run_coroutine(try_connect(options));
  CHECK(connection.has_value());
}

TEST_CASE("environment_and_service_files_are_honoured") {
  TestServer& server = TestServer::instance();
  {
    const Variable host("PGHOST", server.socket_directory().string());
    const Variable port("PGPORT", std::to_string(server.port()));
    const Variable user("PGUSER", "postgres");
    const Variable database("PGDATABASE", "template1");
    CHECK(ask("", "SELECT current_database()") == "template1");
  }
  const std::filesystem::path file = server.socket_directory() / "services.conf";
  std::ofstream(file) << "[ours]\nhost=127.0.0.1\nport=" << server.port()
                      << "\nuser=postgres\ndbname=template1\n";
  const Variable service_file("PGSERVICEFILE", file.string());
  CHECK(ask("service=ours", "SELECT current_database()") == "template1");
  {
    const Variable service("PGSERVICE", "ours");
    CHECK(ask("dbname=postgres", "SELECT current_database()") == "postgres");
  }
  const Error unknown = refusal("service=theirs");
  CHECK(unknown.kind == ErrorClass::fatal);
  CHECK_THAT(unknown.message, Catch::Contains("theirs"));
}

TEST_CASE("a_refused_connection_asks_for_another_try") {
  const int port = free_port();
  const Error error = refusal(fmt::format("postgresql://u@127.0.0.1:{}/d", port));
  CHECK(error.kind == ErrorClass::reconnect);
  CHECK(error.message == fmt::format("cannot connect to 127.0.0.1:{}: Connection refused", port));
  CHECK_FALSE(error.hint.empty());
  CHECK(refusal("host=/nonexistent/directory user=u").kind == ErrorClass::reconnect);
}

TEST_CASE("a_wrong_password_database_user_or_host_is_fatal_with_its_next_step") {
  TestServer& server = TestServer::instance();
  run_coroutine([]() -> asio::awaitable<void> {
    const auto admin = co_await connect_to(TestServer::instance().conninfo());
    const auto created = co_await admin->script(
        "DROP ROLE IF EXISTS needs_password; "
        "CREATE ROLE needs_password LOGIN PASSWORD 'correct horse'",
        limit);
    value_of(created);
  }());
  const std::string at = fmt::format("@127.0.0.1:{}/postgres", server.port());
  CHECK(ask("postgresql://needs_password:correct%20horse" + at, "SELECT 1") == "1");

  const Error wrong = refusal("postgresql://needs_password:battery-staple" + at);
  CHECK(wrong.kind == ErrorClass::fatal);
  CHECK(wrong.sqlstate == "28P01");
  CHECK_THAT(wrong.message, Catch::Contains("password authentication failed"));
  CHECK_FALSE(wrong.hint.empty());
  CHECK(all_text_of(wrong).find("battery-staple") == std::string::npos);

  const Error missing = refusal("postgresql://needs_password" + at);
  CHECK(missing.kind == ErrorClass::fatal);
  CHECK_THAT(missing.message, Catch::Contains("no password supplied"));

  const Error role = refusal("postgresql://nobody_at_all" + at);
  CHECK(role.kind == ErrorClass::fatal);
  CHECK(role.sqlstate == "28000");

  const Error database = refusal(server.conninfo("not_there"));
  CHECK(database.kind == ErrorClass::fatal);
  CHECK(database.sqlstate == "3D000");
  CHECK_THAT(database.message, Catch::Contains("\"not_there\" does not exist"));

  const Error host = refusal("postgresql://u@no-such-host.invalid/d");
  CHECK(host.kind == ErrorClass::fatal);
  CHECK_THAT(host.message, Catch::Contains("no-such-host.invalid"));
}

TEST_CASE("too_many_connections_asks_for_another_try") {
  TestServer& server = TestServer::instance();
  const std::string url = server.with_database();
  const std::string name = url.substr(url.rfind('/') + 1);
  run_coroutine([](std::string admin_url, std::string database) -> asio::awaitable<void> {
    const auto admin = co_await connect_to(admin_url);
    const auto limited = co_await admin->script(
        "DROP ROLE IF EXISTS ordinary; CREATE ROLE ordinary LOGIN; ALTER DATABASE " + database +
            " CONNECTION LIMIT 0",
        limit);
    value_of(limited);
  }(server.conninfo(), name));
  const Error error =
      refusal(fmt::format("postgresql://ordinary@127.0.0.1:{}/{}", server.port(), name));
  CHECK(error.kind == ErrorClass::reconnect);
  CHECK(error.sqlstate == "53300");
}

TEST_CASE("a_server_that_never_answers_costs_the_timeout_and_no_more") {
  const Blackhole silent;
  pg::ConnectOptions options =
      options_for(fmt::format("postgresql://u:s3cr3t@127.0.0.1:{}/d", silent.port()));
  options.timeout = std::chrono::milliseconds{200};
  const Connected connection = run_coroutine(try_connect(options));
  const Error& error = error_of(connection);
  CHECK(error.kind == ErrorClass::reconnect);
  CHECK_THAT(error.message, Catch::Contains("no answer in time"));
  CHECK(all_text_of(error).find("s3cr3t") == std::string::npos);
}

TEST_CASE("no_form_of_a_broken_url_shows_its_password") {
  const std::vector<std::string> broken{
      "postgresql://user:s3cr3t@127.0.0.1:notaport/d",
      "postgresql://user:s3cr3t@127.0.0.1:1/d?nonsense=1",
      "postgresql://user:a@s3cr3t@127.0.0.1:1/d",
      "postgresql://user:s3cr3t/more@127.0.0.1:1/d",
      "postgresql://user:12/s3cr3t@127.0.0.1:1/d",
      "postgresql://user:s3cr3t%zz@127.0.0.1:1/d",
      "host=127.0.0.1 password=a s3cr3t",
      "host=127.0.0.1 password='s3cr3t",
      "host=127.0.0.1 password=s3cr3t port=x",
      "host=127.0.0.1 password=s3cr3t sslmode=maybe",
      "host=a,b,c port=1,2 password=s3cr3t",
      "s3cr3t",
  };
  for (const std::string& conninfo : broken) {
    const Error error = refusal(conninfo);
    INFO(error.message);
    CHECK(error.kind == ErrorClass::fatal);
    CHECK(all_text_of(error).find("s3cr3t") == std::string::npos);
    CHECK_FALSE(error.message.empty());
  }
  // libpq reads these as they were meant: the password is known, and nobody answers.
  for (const char* mark : {"?", " ", "[", "%40"}) {
    const Error error = refusal(fmt::format("postgresql://user:a{}s3cr3t@127.0.0.1:1/d", mark));
    CHECK(error.kind == ErrorClass::reconnect);
    CHECK(all_text_of(error).find("s3cr3t") == std::string::npos);
  }
}

TEST_CASE("a_session_that_cannot_write_is_refused_unless_the_user_asked_for_one") {
  TestServer& server = TestServer::instance();
  const std::string url = server.with_database();
  const std::string name = url.substr(url.rfind('/') + 1);
  run_coroutine([](std::string admin_url, std::string database) -> asio::awaitable<void> {
    const auto admin = co_await connect_to(admin_url);
    const auto set = co_await admin->script(
        "ALTER DATABASE " + database + " SET default_transaction_read_only = on", limit);
    value_of(set);
  }(server.conninfo(), name));
  const Error error = refusal(url);
  CHECK(error.kind == ErrorClass::fatal);
  CHECK(error.sqlstate == "25006");
  CHECK_THAT(error.message, Catch::Contains("default_transaction_read_only"));
  CHECK(ask(url + "?target_session_attrs=any", "SELECT 1") == "1");
  const Error theirs = refusal(url + "?target_session_attrs=read-write");
  CHECK(theirs.kind == ErrorClass::fatal);
  CHECK_THAT(theirs.message, Catch::Contains("read-only"));
  pg::ConnectOptions reading = options_for(url);
  reading.read_write = false;
  const Connected connection = run_coroutine(try_connect(reading));
  CHECK(connection.has_value());
}

}  // namespace backfill::test
