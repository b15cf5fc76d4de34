#pragma once

#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "core/time.hpp"

namespace backfill::run {

namespace asio = boost::asio;

/// A call at a later time on the I/O thread, which can be called off. Asio's timers alone do not
/// keep that promise: once a timer has expired, its handler waits in the queue with success, and
/// neither `cancel` nor the end of the timer takes it out again (Boost.Asio,
/// `cancel` of `basic_waitable_timer`, Remarks).
class Alarm {
 public:
  explicit Alarm(asio::any_io_executor executor);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Calls once after `time` (none or less: as soon as the thread is free), in place of a call that
  /// was set before.
  void set(Duration time, std::function<void()> call);

  /// After this, and after the end of the alarm, no call that was set comes.
  void call_off();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace backfill::run
