#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "support/cold_standby.hpp"
#include "support/connected.hpp"

namespace backfill::test {

namespace {

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
  const ColdStandby standby(primary);
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
