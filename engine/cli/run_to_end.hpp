#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace backfill::cli {

/// Stores what `source` comes to. By pointer, since a coroutine must not keep references.
template <class T>
boost::asio::awaitable<void> store(boost::asio::awaitable<T> source, std::optional<T>* target) {
  T value = co_await std::move(source);
  target->emplace(std::move(value));
}

/// Drives the context until the coroutine has ended and nothing is left to do; `ended` is called
/// on the I/O thread in between. An exception of the coroutine is thrown here.
template <class T>
T run_to_end(boost::asio::io_context& context, boost::asio::awaitable<T> source,
             const std::function<void()>& ended = {}) {
  std::optional<T> value;
  boost::asio::co_spawn(context, store(std::move(source), &value),
                        [&ended](const std::exception_ptr& thrown) {
                          if (ended) ended();
                          if (thrown) std::rethrow_exception(thrown);
                        });
  context.run();
  return std::move(*value);
}

}  // namespace backfill::cli
