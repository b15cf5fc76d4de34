#pragma once

#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.hpp"

namespace backfill::pg {

namespace asio = boost::asio;

/// Runs one blocking call at a time (a name look-up, PQcancel) on a thread of its own and wakes the
/// coroutine that waits for it. Destroying it forgets the call, which then ends by itself: so the
/// work must own all that it touches.
class HelperThread {
 public:
  explicit HelperThread(const asio::any_io_executor& executor);
  ~HelperThread();
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;

  /// Only while none runs. False when the system gives no thread.
  [[nodiscard]] bool start(std::function<void()> work);
  [[nodiscard]] bool running() const;

  /// Whether the call has ended by `deadline`; false as well when the coroutine was cancelled.
  asio::awaitable<bool> finished(Instant deadline);

 private:
  struct Call;
  asio::any_io_executor executor_;
  std::unique_ptr<asio::steady_timer> bell_;
  std::shared_ptr<Call> call_;
};

}  // namespace backfill::pg
