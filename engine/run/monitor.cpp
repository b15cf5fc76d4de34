#include "run/monitor.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "catalog/key_position.hpp"
#include "pg/clock.hpp"
#include "signals/query_signal.hpp"
#include "signals/replica_lag_signal.hpp"

namespace backfill::run {

namespace {

/// The beat of the monitor: a waiter is seen within it, and then cancelled for `lock_wait`.
constexpr Duration beat = std::chrono::milliseconds{100};
constexpr Duration company_interval = std::chrono::milliseconds{500};
constexpr Duration position_interval = std::chrono::seconds{2};
constexpr std::string_view lag_prefix = "replica_lag:";
constexpr const char* own_prefix = "backfill: ";

}  // namespace

Monitor::Monitor(asio::any_io_executor executor, pg::ConnectOptions options,
                 ThrottleSettings settings, std::uint64_t seed)
    : link_(executor, std::move(options), seed), settings_(std::move(settings)), timer_(executor) {
  sources_.push_back({std::make_unique<ReplicaLagSignal>(settings_.replica_lag), {}});
  if (settings_.query) sources_.push_back({std::make_unique<QuerySignal>(*settings_.query), {}});
  for (const Scheduled& scheduled : sources_) {
    throttle_.require(scheduled.source->name(), SilenceLimits{}, pg::now());
  }
}

void Monitor::listen(Audience audience) {
  audience_ = std::move(audience);
  end_asked_ = false;
  if (!audience_.tell) return;
  audience_.tell(CompanySeen{others_write_});
  audience_.tell(throttle_.pace());
}

asio::awaitable<void> Monitor::watch() {
  while (!stopping_) {
    co_await read_sources(pg::now());
    co_await read_lock_waits();
    co_await read_company();
    co_await read_position();
    decide();
    if (stopping_) break;
    timer_.expires_after(beat);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  link_.close();
}

void Monitor::stop() {
  stopping_ = true;
  timer_.cancel();
  link_.abort();
}

asio::awaitable<void> Monitor::read_sources(Instant now) {
  for (Scheduled& scheduled : sources_) {
    if (scheduled.due > now) continue;
    scheduled.due = now + scheduled.source->interval();
    co_await read_source(&scheduled);
  }
}

asio::awaitable<void> Monitor::read_source(Scheduled* scheduled) {
  SignalSource* const source = scheduled->source.get();
  const std::string name = source->name();
  const std::function<asio::awaitable<Result<Reading>>(pg::Connection*)> read =
      [source](pg::Connection* connection) { return source->read(connection); };
  Result<Reading> reading = co_await link_.attempt<Reading>(read);
  if (!reading) {
    const Error& error = reading.error();
    throttle_.on_failure(name,
                         error.hint.empty() ? error.message : error.message + ": " + error.hint);
    co_return;
  }
  for (Signal& signal : reading->signals) {
    if (signal.name.starts_with(lag_prefix)) {
      lag_seconds_[signal.name.substr(lag_prefix.size())] = signal.value;
    }
    throttle_.on_signal(std::move(signal));
  }
  for (const std::string& ended : reading->ended) {
    throttle_.forget(ended);
    if (ended.starts_with(lag_prefix)) lag_seconds_.erase(ended.substr(lag_prefix.size()));
  }
}

asio::awaitable<void> Monitor::read_lock_waits() {
  if (!audience_.our_backends) co_return;
  const std::vector<int> ours = audience_.our_backends();
  if (ours.empty()) co_return;
  const std::function<asio::awaitable<Result<std::vector<LockWait>>>(pg::Connection*)> read =
      [this, ours](pg::Connection* connection) { return lock_waits_.read(connection, ours); };
  const Result<std::vector<LockWait>> waits = co_await link_.attempt<std::vector<LockWait>>(read);
  if (!waits) co_return;
  for (const LockWait& wait : *waits) {
    if (wait.waited < settings_.lock_wait || !audience_.slot_of_backend) continue;
    const std::optional<SlotId> slot = audience_.slot_of_backend(wait.blocker_pid);
    if (!slot) continue;
    audience_.tell(WaiterSeen{
        *slot,
        fmt::format("session {} (for {} ms)", wait.waiter_pid,
                    std::chrono::duration_cast<std::chrono::milliseconds>(wait.waited).count())});
  }
}

asio::awaitable<void> Monitor::read_company() {
  const Instant now = pg::now();
  if (company_due_ > now) co_return;
  company_due_ = now + company_interval;
  const std::function<asio::awaitable<Result<bool>>(pg::Connection*)> look =
      [this](pg::Connection* connection) { return company_.others_write(connection, own_prefix); };
  const Result<bool> others = co_await link_.attempt<bool>(look);
  if (!others || *others == others_write_) co_return;
  others_write_ = *others;
  if (audience_.tell) audience_.tell(CompanySeen{others_write_});
}

asio::awaitable<void> Monitor::read_position() {
  const Instant now = pg::now();
  if (position_due_ > now || !audience_.watermark) co_return;
  position_due_ = now + position_interval;
  const std::optional<KeyValue> watermark = audience_.watermark();
  if (!watermark) co_return;
  const Target target = audience_.target;
  const std::function<asio::awaitable<Result<std::optional<double>>>(pg::Connection*)> ask =
      [target, watermark](pg::Connection* connection) {
        return key_position(connection, target, *watermark);
      };
  const Result<std::optional<double>> position = co_await link_.attempt<std::optional<double>>(ask);
  // The sweep may have ended meanwhile, and its audience with it.
  if (position && *position && audience_.at_position) audience_.at_position(**position);
}

std::string Monitor::lag() const {
  std::string text;
  for (const auto& [standby, seconds] : lag_seconds_) {
    text += fmt::format("{}{} {:.1f} s", text.empty() ? "" : ", ", standby, seconds);
  }
  return text;
}

void Monitor::decide() {
  const Instant now = pg::now();
  const std::optional<PaceChanged> pace = throttle_.decide(now);
  if (pace && audience_.tell) audience_.tell(*pace);
  const std::optional<std::string> end = throttle_.end_request(now);
  if (!end || end_asked_ || !audience_.tell) return;
  end_asked_ = true;
  audience_.tell(StopRequested{false, *end});
}

}  // namespace backfill::run
