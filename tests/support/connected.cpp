#include "support/connected.hpp"

namespace backfill::test {

asio::awaitable<std::unique_ptr<pg::Connection>> connect_to(std::string conninfo) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  auto connection = co_await pg::Connection::connect(executor, options);
  if (!connection) throw std::runtime_error(connection.error().message);
  co_return std::move(*connection);
}

}  // namespace backfill::test
