#include "pg/socket.hpp"

#include <fcntl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"

namespace backfill::pg {

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

}  // namespace

// One coroutine waits on one timer, the bell; the readiness of either direction rings it. So a
// wait for "read or write or deadline" needs no parallel coroutines. The handlers keep the state
// alive, which lets a Socket be destroyed while Asio still owes it a call.
struct Socket::State : std::enable_shared_from_this<Socket::State> {
  struct Direction {
    bool armed = false;
    bool ready = false;
  };

  asio::posix::stream_descriptor descriptor;
  asio::steady_timer bell;
  Direction read;
  Direction write;
  unsigned generation = 0;  ///< counts descriptors: a handler of an earlier one has nothing to say

  explicit State(const asio::any_io_executor& executor) : descriptor(executor), bell(executor) {}

  void arm(Direction State::* which, asio::posix::stream_descriptor::wait_type type) {
    Direction& direction = this->*which;
    if (direction.armed) return;
    direction.armed = true;
    auto on_ready = [self = shared_from_this(), which,
                     since = generation](const boost::system::error_code& error) {
      if (since != self->generation) return;
      (self.get()->*which).armed = false;
      if (!error) (self.get()->*which).ready = true;
      self->bell.cancel();
    };
    descriptor.async_wait(type, std::move(on_ready));
  }

  /// A wait left behind would keep the io_context running for a connection that rests.
  void disarm() {
    if (read.armed || write.armed) {
      boost::system::error_code ignored;
      descriptor.cancel(ignored);
    }
  }

  Readiness take(Interest interest) {
    Readiness found;
    found.readable = interest != Interest::write && read.ready;
    found.writable = interest != Interest::read && write.ready;
    if (found.readable) read.ready = false;
    if (found.writable) write.ready = false;
    return found;
  }
};

Socket::Socket(const asio::any_io_executor& executor) : state_(std::make_shared<State>(executor)) {}

Socket::~Socket() {
  close();
}

bool Socket::bind(int descriptor) {
  close();
  const int duplicate = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return false;
  boost::system::error_code error;
  state_->descriptor.assign(duplicate, error);
  if (error) ::close(duplicate);
  return !error;
}

void Socket::close() {
  ++state_->generation;
  state_->read = {};
  state_->write = {};
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
  state_->bell.cancel();
}

asio::awaitable<Readiness> Socket::wait(Interest interest, Instant deadline) {
  const std::shared_ptr<State> state = state_;
  using Wait = asio::posix::stream_descriptor::wait_type;
  for (;;) {
    Readiness found = state->take(interest);
    found.timed_out = !found.readable && !found.writable && now() >= deadline;
    if (found.readable || found.writable || found.timed_out) {
      state->disarm();
      co_return found;
    }
    if (interest != Interest::write) state->arm(&State::read, Wait::wait_read);
    if (interest != Interest::read) state->arm(&State::write, Wait::wait_write);
    state->bell.expires_at(to_steady(deadline));
    (void)co_await state->bell.async_wait(as_value);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      state->disarm();
      Readiness cancelled;
      cancelled.cancelled = true;
      co_return cancelled;
    }
  }
}

}  // namespace backfill::pg
