#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "pg/connection.hpp"
#include "support/run_coroutine.hpp"
#include "support/test_server.hpp"

namespace backfill::test {

/// A deadline that no statement of a test comes near.
inline constexpr Duration limit = std::chrono::seconds{30};

/// A connection, or an exception that says why there is none.
asio::awaitable<std::unique_ptr<pg::Connection>> connect_to(std::string conninfo);

/// The value of a result; where there is none, an exception with the error's text, so that the test
/// fails with its reason.
template <class T>
const T& value_of(const Result<T>& result) {
  if (!result) throw std::runtime_error(result.error().message + " " + result.error().context);
  return *result;
}

inline void value_of(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message + " " + result.error().context);
}

template <class T>
const Error& error_of(const Result<T>& result) {
  if (result) throw std::runtime_error("a failure was expected");
  return result.error();
}

}  // namespace backfill::test
