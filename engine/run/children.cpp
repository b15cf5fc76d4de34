#include "run/children.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace backfill::run {

Children::Children(asio::any_io_executor executor) : executor_(executor), one_ended_(executor) {}

void Children::spawn(asio::awaitable<void> child) {
  ++running_;
  asio::co_spawn(executor_, std::move(child), [this](const std::exception_ptr&) {
    --running_;
    one_ended_.cancel();
  });
}

asio::awaitable<void> Children::ended() {
  while (running_ > 0) {
    one_ended_.expires_after(std::chrono::seconds{1});
    boost::system::error_code ignored;
    co_await one_ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace backfill::run
