#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

namespace backfill::test {

namespace asio = boost::asio;

/// What no test coroutine may exceed: a hang becomes a failure and not a stuck build.
inline constexpr std::chrono::seconds coroutine_limit{60};

/// co_spawn wants results that can be made from nothing, which a Result cannot: so they are stored.
template <class T>
asio::awaitable<void> store_result(asio::awaitable<T> coroutine, std::optional<T>* result) {
  T value = co_await std::move(coroutine);
  result->emplace(std::move(value));
}

/// Runs a test coroutine on an io_context of its own until it ends, and returns its result. Throws
/// what it throws, and std::runtime_error when it has not ended within `limit`. Inside, the
/// executor is `co_await asio::this_coro::executor`. Everything else that the coroutine has started
/// on that io_context is dropped when it returns.
inline void run_coroutine(asio::awaitable<void> coroutine,
                          std::chrono::seconds limit = coroutine_limit) {
  asio::io_context context;
  std::exception_ptr failure;
  bool ended = false;
  asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr error) {
    failure = std::move(error);
    ended = true;
    context.stop();
  });
  context.run_for(limit);
  if (failure) std::rethrow_exception(failure);
  if (!ended) throw std::runtime_error("the test coroutine did not end within its limit");
}

template <class T>
T run_coroutine(asio::awaitable<T> coroutine, std::chrono::seconds limit = coroutine_limit) {
  std::optional<T> result;
  run_coroutine(store_result(std::move(coroutine), &result), limit);
  return std::move(*result);
}

}  // namespace backfill::test
