#include "run/interruption.hpp"

#include <exception>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "run/alarm.hpp"

namespace backfill::run {

// Shared with the handlers: Asio may owe them a call when the object is gone.
struct Interruption::State {
  explicit State(const asio::any_io_executor& runs_on)
      : executor(runs_on), ended(runs_on), limit(runs_on) {}

  asio::any_io_executor executor;
  asio::cancellation_signal signal;
  asio::steady_timer ended;  ///< never expires by itself: cancelled when the work has ended
  Alarm limit;
  bool running = false;
  bool broken_off = false;
  std::exception_ptr thrown;

  void break_off() {
    if (!running || broken_off) return;
    broken_off = true;
    signal.emit(asio::cancellation_type::terminal);
  }
};

Interruption::Interruption(asio::any_io_executor executor)
    : state_(std::make_shared<State>(executor)) {}

Interruption::~Interruption() {
  state_->limit.call_off();
}

asio::awaitable<void> Interruption::drive(asio::awaitable<void> work, Duration limit) {
  const std::shared_ptr<State> state = state_;
  state->running = true;
  state->broken_off = false;
  state->thrown = nullptr;
  auto on_end = [state](std::exception_ptr thrown) {
    state->running = false;
    state->thrown = std::move(thrown);
    state->limit.call_off();
    state->ended.cancel();
  };
  asio::co_spawn(state->executor, std::move(work),
                 asio::bind_cancellation_slot(state->signal.slot(), std::move(on_end)));
  if (limit != Duration::max()) break_off_after(limit);
  while (state->running) {
    state->ended.expires_at(asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await state->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  const std::exception_ptr thrown = std::exchange(state->thrown, nullptr);
  if (thrown && !state->broken_off) std::rethrow_exception(thrown);
}

void Interruption::break_off() {
  state_->break_off();
}

void Interruption::break_off_after(Duration time) {
  if (!state_->running || state_->broken_off) return;
  state_->limit.set(time, [weak = std::weak_ptr(state_)] {
    const std::shared_ptr<State> state = weak.lock();
    if (state) state->break_off();
  });
}

bool Interruption::running() const {
  return state_->running;
}

}  // namespace backfill::run
