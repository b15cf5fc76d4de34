#include "run/interruption.hpp"

#include <exception>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace backfill::run {

// Shared with the handlers: Asio may owe them a call when the object is gone.
struct Interruption::State {
  explicit State(const asio::any_io_executor& runs_on)
      : executor(runs_on), ended(runs_on), limit(runs_on) {}

  asio::any_io_executor executor;
  asio::cancellation_signal signal;
  asio::steady_timer ended;  ///< never expires by itself: cancelled when the work has ended
  asio::steady_timer limit;
  bool running = false;
  bool broken_off = false;
  std::exception_ptr thrown;
};

Interruption::Interruption(asio::any_io_executor executor)
    : state_(std::make_shared<State>(executor)) {}

Interruption::~Interruption() {
  state_->limit.cancel();
}

asio::awaitable<void> Interruption::drive(asio::awaitable<void> work, Duration limit) {
  const std::shared_ptr<State> state = state_;
  state->running = true;
  state->broken_off = false;
  state->thrown = nullptr;
  auto on_end = [state](std::exception_ptr thrown) {
    state->running = false;
    state->thrown = std::move(thrown);
    state->limit.cancel();
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
  if (!state_->running || state_->broken_off) return;
  state_->broken_off = true;
  state_->signal.emit(asio::cancellation_type::terminal);
}

void Interruption::break_off_after(Duration time) {
  if (!state_->running || state_->broken_off) return;
  state_->limit.expires_after(time);
  state_->limit.async_wait([state = state_](boost::system::error_code error) {
    if (error || !state->running || state->broken_off) return;
    state->broken_off = true;
    state->signal.emit(asio::cancellation_type::terminal);
  });
}

bool Interruption::running() const {
  return state_->running;
}

}  // namespace backfill::run
