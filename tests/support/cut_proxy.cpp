#include "support/cut_proxy.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace backfill::test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t no_cut = std::numeric_limits<std::size_t>::max();

struct Direction {
  std::size_t passed = 0;
  std::size_t allowed = no_cut;
};

}  // namespace

struct CutProxy::State {
  tcp::acceptor acceptor;
  tcp::endpoint server;
  tcp::socket to_client;
  tcp::socket to_server;
  Direction towards_server;
  Direction towards_client;
  bool frozen = false;
  int port = 0;

  State(const asio::any_io_executor& executor, int server_port)
      : acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        server(asio::ip::address_v4::loopback(), static_cast<unsigned short>(server_port)),
        to_client(executor),
        to_server(executor),
        port(acceptor.local_endpoint().port()) {}

  void cut() {
    boost::system::error_code ignored;
    to_client.close(ignored);
    to_server.close(ignored);
  }

  static asio::awaitable<void> pump(std::shared_ptr<State> self, tcp::socket State::* from,
                                    tcp::socket State::* to, Direction State::* which) {
    std::array<char, 4096> buffer{};
    const auto space = asio::buffer(buffer);
    for (;;) {
      const auto [read_error, count] =
          co_await (self.get()->*from).async_read_some(space, as_value);
      if (read_error) break;
      if (self->frozen) continue;
      Direction& direction = self.get()->*which;
      const std::size_t room = direction.allowed - direction.passed;
      const std::size_t let = std::min(count, room);
      const auto part = asio::buffer(buffer.data(), let);
      const auto [write_error, written] =
          co_await asio::async_write(self.get()->*to, part, as_value);
      direction.passed += written;
      if (write_error || direction.passed >= direction.allowed) break;
    }
    self->cut();
  }

  static asio::awaitable<void> serve(std::shared_ptr<State> self) {
    const auto [accept_error] = co_await self->acceptor.async_accept(self->to_client, as_value);
    if (accept_error) co_return;
    const auto [connect_error] = co_await self->to_server.async_connect(self->server, as_value);
    if (connect_error) {
      self->cut();
      co_return;
    }
    const auto executor = self->acceptor.get_executor();
    asio::co_spawn(executor,
                   pump(self, &State::to_client, &State::to_server, &State::towards_server),
                   asio::detached);
    asio::co_spawn(executor,
                   pump(self, &State::to_server, &State::to_client, &State::towards_client),
                   asio::detached);
  }
};

CutProxy::CutProxy(asio::any_io_executor executor, int server_port)
    : state_(std::make_shared<State>(executor, server_port)) {
  asio::co_spawn(executor, State::serve(state_), asio::detached);
}

CutProxy::~CutProxy() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->cut();
}

std::string CutProxy::conninfo(const std::string& database) const {
  return fmt::format("postgresql://postgres@127.0.0.1:{}/{}?sslmode=disable&gssencmode=disable",
                     state_->port, database);
}

void CutProxy::cut_after(Towards direction, std::size_t bytes) {
  reset_count();
  Direction& limited =
      direction == Towards::server ? state_->towards_server : state_->towards_client;
  limited.allowed = bytes;
  if (bytes == 0) state_->cut();
}

void CutProxy::freeze() {
  state_->frozen = true;
}

std::size_t CutProxy::passed(Towards direction) const {
  return direction == Towards::server ? state_->towards_server.passed
                                      : state_->towards_client.passed;
}

void CutProxy::reset_count() {
  state_->towards_server.passed = 0;
  state_->towards_client.passed = 0;
}

}  // namespace backfill::test
