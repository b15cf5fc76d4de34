#include "run/alarm.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace backfill::run {

// Shared with the handlers: Asio may owe them a call when the object is gone.
struct Alarm::State {
  explicit State(const asio::any_io_executor& runs_on) : timer(runs_on) {}

  asio::steady_timer timer;
  std::uint64_t number = 0;  ///< of the call that is set; a handler of another one is too late
};

Alarm::Alarm(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}

Alarm::~Alarm() {
  call_off();
}

void Alarm::set(Duration time, std::function<void()> call) {
  call_off();
  state_->timer.expires_after(std::max(Duration{0}, time));
  state_->timer.async_wait([state = state_, number = state_->number,
                            call = std::move(call)](const boost::system::error_code& error) {
    if (error || state->number != number) return;
    ++state->number;
    call();
  });
}

void Alarm::call_off() {
  ++state_->number;
  state_->timer.cancel();
}

}  // namespace backfill::run
