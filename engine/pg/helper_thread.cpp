#include "pg/helper_thread.hpp"

#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"

namespace backfill::pg {

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

}  // namespace

// Shared by the thread and the I/O side. The lock guards `executor` and `ended`: as long as the
// I/O side has not taken the executor away, its io_context is alive and may be posted to. The timer
// itself is not shared: the thread may outlive the io_context, and a timer must not.
struct HelperThread::Call {
  std::mutex lock;
  std::optional<asio::any_io_executor> executor;
  bool ended = false;
  asio::steady_timer* bell = nullptr;  ///< touched by the I/O thread only
};

HelperThread::HelperThread(const asio::any_io_executor& executor)
    : executor_(executor), bell_(std::make_unique<asio::steady_timer>(executor)) {}

HelperThread::~HelperThread() {
  if (!call_) return;
  call_->bell = nullptr;
  const std::lock_guard guard(call_->lock);
  call_->executor.reset();
}

bool HelperThread::start(std::function<void()> work) {
  call_ = std::make_shared<Call>();
  call_->executor = executor_;
  call_->bell = bell_.get();
  try {
    std::thread([call = call_, work = std::move(work)]() mutable {
      work();
      work = nullptr;
      const std::lock_guard guard(call->lock);
      call->ended = true;
      if (!call->executor) return;
      asio::post(*call->executor, [call] {
        if (call->bell != nullptr) call->bell->cancel();
      });
    }).detach();
  } catch (const std::system_error&) {
    call_.reset();
    return false;
  }
  return true;
}

bool HelperThread::running() const {
  if (!call_) return false;
  const std::lock_guard guard(call_->lock);
  return !call_->ended;
}

asio::awaitable<bool> HelperThread::finished(Instant deadline) {
  while (running()) {
    if (now() >= deadline) co_return false;
    bell_->expires_at(to_steady(deadline));
    (void)co_await bell_->async_wait(as_value);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return false;
  }
  co_return true;
}

}  // namespace backfill::pg
