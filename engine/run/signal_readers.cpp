#include "run/signal_readers.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pg/clock.hpp"

namespace backfill::run {

namespace {

constexpr Duration beat = std::chrono::milliseconds{100};

}  // namespace

SilenceLimits silence_of(const SignalSource& source) {
  SilenceLimits limits;
  limits.stop = std::max(limits.stop, 3 * source.interval());
  limits.holds = source.holds();
  return limits;
}

asio::awaitable<Result<Reading>> read_signal(ControlLink* link, SignalSource* source) {
  const std::function<asio::awaitable<Result<Reading>>(pg::Connection*)> read =
      [source](pg::Connection* connection) { return source->read(connection); };
  co_return co_await link->attempt<Reading>(read);
}

SignalReaders::SignalReaders(asio::any_io_executor executor, pg::ConnectOptions options,
                             std::vector<std::unique_ptr<SignalSource>> sources, std::uint64_t seed)
    : link_(executor, std::move(options), seed), timer_(executor) {
  for (std::unique_ptr<SignalSource>& source : sources) {
    sources_.push_back({std::move(source), {}});
  }
}

void SignalReaders::set(const ThrottleSettings& settings, Throttle& throttle) {
  for (Scheduled& scheduled : sources_) {
    SignalSource& source = *scheduled.source;
    source.set(settings);
    scheduled.due = {};
    if (source.on()) {
      throttle.require(source.name(), silence_of(source), pg::now());
    } else {
      throttle.forget(source.name());
    }
  }
}

asio::awaitable<void> SignalReaders::watch() {
  while (!stopping_) {
    for (Scheduled& scheduled : sources_) {
      if (stopping_ || !scheduled.source->on() || scheduled.due > pg::now()) continue;
      scheduled.due = pg::now() + scheduled.source->interval();
      co_await read_one(&scheduled);
    }
    if (stopping_) break;
    timer_.expires_after(beat);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  link_.close();
}

asio::awaitable<void> SignalReaders::read_one(Scheduled* scheduled) {
  SignalSource* const source = scheduled->source.get();
  Result<Reading> reading = co_await read_signal(&link_, source);
  // Switched off while it was being read: nobody waits for it any more.
  if (!source->on() || stopping_) co_return;
  if (on_reading) on_reading(source->name(), std::move(reading));
}

void SignalReaders::stop() {
  stopping_ = true;
  timer_.cancel();
  link_.abort();
}

}  // namespace backfill::run
