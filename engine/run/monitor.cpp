#include "run/monitor.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "catalog/key_position.hpp"
#include "pg/clock.hpp"
#include "signals/query_signal.hpp"
#include "signals/replica_lag_signal.hpp"

namespace backfill::run {

namespace {

constexpr Duration beat = std::chrono::milliseconds{100};
constexpr Duration company_interval = std::chrono::milliseconds{500};
constexpr Duration position_interval = std::chrono::seconds{2};
constexpr std::string_view lag_prefix = "replica_lag:";
constexpr const char* lock_wait_name = "lock_wait";
constexpr const char* own_prefix = "backfill: ";

}  // namespace

Monitor::Monitor(asio::any_io_executor executor, pg::ConnectOptions options,
                 ThrottleSettings settings, std::uint64_t seed)
    : executor_(executor),
      settings_(std::move(settings)),
      link_(executor, options, seed),
      query_link_(executor, options, seed + 1),
      timer_(executor),
      query_timer_(executor),
      children_ended_(executor),
      lag_{std::make_unique<ReplicaLagSignal>(settings_.replica_lag), &link_, {}},
      lock_watch_(executor, options, settings_.lock_wait, seed + 2),
      readers_(executor, options, seed + 3) {
  const Instant now = pg::now();
  throttle_.require(lag_.source->name(), SilenceLimits{}, now);
  throttle_.require(lock_wait_name, SilenceLimits{}, now);
  if (settings_.query) {
    query_.emplace(Scheduled{std::make_unique<QuerySignal>(*settings_.query), &query_link_, {}});
    throttle_.require(query_->source->name(), SilenceLimits{}, now);
  }
  connect_lock_watch();
  readers_.on_reading = [this](const std::string& name, Result<Reading> reading) {
    take(name, std::move(reading));
    decide();
  };
  readers_.set(settings_, throttle_);
}

/// A watch that cannot look holds no promise: its silence stops the work like that of any signal.
void Monitor::connect_lock_watch() {
  lock_watch_.our_backends = [this] {
    return audience_.our_backends ? audience_.our_backends() : std::vector<int>{};
  };
  lock_watch_.on_waiter = [this](int backend_pid, std::string who) {
    if (!audience_.slot_of_backend || !audience_.tell) return;
    const std::optional<SlotId> slot = audience_.slot_of_backend(backend_pid);
    if (slot) audience_.tell(WaiterSeen{*slot, std::move(who)});
  };
  lock_watch_.on_look = [this](Instant at) {
    Signal looked;
    looked.name = lock_wait_name;
    looked.slow = 1;
    looked.stop = 1;
    looked.taken_at = at;
    throttle_.on_signal(std::move(looked));
  };
  lock_watch_.on_failure = [this](const Error& error) {
    throttle_.on_failure(lock_wait_name, error.message);
  };
  lock_watch_.on_pooled = [this] {
    if (!on_note) return;
    on_note("lock_wait_unwatched",
            "behind a transaction pooler nobody can tell whom a batch keeps waiting: "
            "throttle.lock_wait is not watched, and only the length of the batches bounds a wait");
  };
}

void Monitor::listen(Audience audience) {
  audience_ = std::move(audience);
  end_asked_ = false;
  if (!audience_.tell) return;
  audience_.tell(company_seen_);
  audience_.tell(throttle_.pace());
}

void Monitor::set(ThrottleSettings settings) {
  settings_ = std::move(settings);
  lag_.source->set(settings_);
  if (query_) query_->source->set(settings_);
  lock_watch_.set_limit(settings_.lock_wait);
  readers_.set(settings_, throttle_);
}

std::optional<Hold> Monitor::hold() {
  return throttle_.hold(pg::now());
}

void Monitor::pause(std::string reason) {
  throttle_.pause(std::move(reason));
  decide();
}

asio::awaitable<void> Monitor::watch() {
  ++children_;
  asio::co_spawn(executor_, watch_locks(), asio::detached);
  if (query_) {
    ++children_;
    asio::co_spawn(executor_, watch_query(), asio::detached);
  }
  while (!stopping_) {
    co_await read_source(&lag_);
    co_await read_company();
    co_await read_position();
    decide();
    co_await rest(&timer_);
  }
  link_.close();
  while (children_ > 0) {
    children_ended_.expires_after(std::chrono::seconds{1});
    boost::system::error_code ignored;
    co_await children_ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

asio::awaitable<void> Monitor::watch_query() {
  while (!stopping_) {
    co_await read_source(&*query_);
    if (!stopping_) decide();
    co_await rest(&query_timer_);
  }
  query_link_.close();
  child_ended();
}

asio::awaitable<void> Monitor::watch_locks() {
  co_await lock_watch_.watch();
  child_ended();
}

void Monitor::child_ended() {
  --children_;
  children_ended_.cancel();
}

asio::awaitable<void> Monitor::rest(asio::steady_timer* timer) {
  if (stopping_) co_return;
  timer->expires_after(beat);
  boost::system::error_code ignored;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Monitor::stop() {
  stopping_ = true;
  readers_.stop();
  timer_.cancel();
  query_timer_.cancel();
  link_.abort();
  query_link_.abort();
  lock_watch_.stop();
}

asio::awaitable<void> Monitor::read_source(Scheduled* scheduled) {
  const Instant now = pg::now();
  if (scheduled->due > now) co_return;
  SignalSource* const source = scheduled->source.get();
  scheduled->due = now + source->interval();
  const std::string name = source->name();
  const std::function<asio::awaitable<Result<Reading>>(pg::Connection*)> read =
      [source](pg::Connection* connection) { return source->read(connection); };
  Result<Reading> reading = co_await scheduled->link->attempt<Reading>(read);
  take(name, std::move(reading));
}

void Monitor::take(const std::string& name, Result<Reading> reading) {
  if (!reading) {
    const Error& error = reading.error();
    throttle_.on_failure(name,
                         error.hint.empty() ? error.message : error.message + ": " + error.hint);
    return;
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
  for (std::string& note : reading->notes) {
    if (on_note) on_note(name, std::move(note));
  }
}

asio::awaitable<void> Monitor::read_company() {
  const Instant now = pg::now();
  if (company_due_ > now) co_return;
  company_due_ = now + company_interval;
  const std::function<asio::awaitable<Result<CompanySeen>>(pg::Connection*)> look =
      [this](pg::Connection* connection) { return company_.read(connection, own_prefix); };
  const Result<CompanySeen> company = co_await link_.attempt<CompanySeen>(look);
  if (!company) co_return;
  company_seen_ = *company;
  if (audience_.tell) audience_.tell(company_seen_);
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
  const std::optional<Hold> held = throttle_.hold(now);
  if (held && held->wished && on_hold) on_hold(held->reason);
  const std::optional<std::string> end = throttle_.end_request(now);
  if (!end || end_asked_ || !audience_.tell) return;
  end_asked_ = true;
  audience_.tell(StopRequested{false, *end});
}

}  // namespace backfill::run
