#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "core/time.hpp"

namespace backfill::pg {

namespace asio = boost::asio;

enum class Interest { read, write, read_or_write };

/// Why a wait ended.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool timed_out = false;
  bool cancelled = false;  ///< the awaiting coroutine was cancelled
};

/// Asio's eye on a socket that belongs to libpq. It watches a duplicate of the descriptor, since
/// libpq closes and reopens its socket at will, often under the same number: a registration of the
/// original would die unseen, or worse, be that of another connection by now.
class Socket {
 public:
  explicit Socket(const asio::any_io_executor& executor);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Watches another descriptor from here on; false when it cannot be duplicated.
  [[nodiscard]] bool bind(int descriptor);
  /// Forgets the descriptor. Must come before libpq closes its own, so that the server sees the
  /// end.
  void close();

  /// One coroutine at a time. The socket may turn out not to be ready after all: ask libpq.
  asio::awaitable<Readiness> wait(Interest interest, Instant deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace backfill::pg
