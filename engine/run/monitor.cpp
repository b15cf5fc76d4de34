#include "run/monitor.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "catalog/key_position.hpp"
#include "pg/clock.hpp"
#include "signals/job_signals.hpp"
#include "signals/query_signal.hpp"
#include "signals/slot_wal_signal.hpp"
#include "signals/standby_signal.hpp"
#include "signals/wraparound_signal.hpp"

namespace backfill::run {

namespace {

constexpr Duration beat = std::chrono::milliseconds{100};
constexpr Duration company_interval = std::chrono::milliseconds{500};
constexpr Duration position_interval = std::chrono::seconds{2};
constexpr std::string_view lag_prefix = "replica_lag:";
constexpr const char* lock_wait_name = "lock_wait";
constexpr const char* own_prefix = "backfill: ";

/// A lag is no news any more when its signal counts as silent.
constexpr Duration shown_for = SilenceLimits{}.stop;

std::vector<std::unique_ptr<SignalSource>> query_signal() {
  std::vector<std::unique_ptr<SignalSource>> sources;
  sources.push_back(std::make_unique<QuerySignal>());
  return sources;
}

}  // namespace

Monitor::Monitor(asio::any_io_executor executor, pg::ConnectOptions options,
                 ThrottleSettings settings, Watched watched, std::uint64_t seed)
    : settings_(std::move(settings)),
      link_(executor, options, seed),
      timer_(executor),
      decision_timer_(executor),
      lag_(settings_.replica_lag),
      lock_watch_(executor, options, settings_.lock_wait, seed + 2),
      query_reader_(executor, options, query_signal(), seed + 1),
      job_readers_(executor, options, job_signals(), seed + 3),
      children_(executor) {
  const Instant now = pg::now();
  throttle_.require(lag_.name(), SilenceLimits{}, now);
  throttle_.require(lock_wait_name, SilenceLimits{}, now);
  connect_lock_watch();
  own_.push_back({std::make_unique<SlotWalSignal>(), {}});
  own_.push_back({std::make_unique<WraparoundSignal>(watched.table), {}});
  require_own();
  connect(&query_reader_);
  connect(&job_readers_);
  watch_standbys(std::move(watched.standbys), seed + 4);
}

/// Which of the signals that every job has are on, and their limits.
void Monitor::require_own() {
  for (Own& own : own_) {
    own.source->set(settings_);
    own.due = {};
    if (own.source->on()) {
      throttle_.require(own.source->name(), silence_of(*own.source), pg::now());
    } else {
      throttle_.forget(own.source->name());
    }
  }
}

void Monitor::watch_standbys(std::vector<AskedStandby> standbys, std::uint64_t seed) {
  for (AskedStandby& standby : standbys) {
    std::vector<std::unique_ptr<SignalSource>> sources;
    sources.push_back(std::make_unique<StandbySignal>(std::move(standby.label), lag_.primary()));
    standby_readers_.push_back(std::make_unique<SignalReaders>(
        timer_.get_executor(), std::move(standby.options), std::move(sources), seed++));
    connect(standby_readers_.back().get());
  }
}

void Monitor::connect(SignalReaders* readers) {
  readers->on_reading = [this](const std::string& name, Result<Reading> reading) {
    take(name, std::move(reading));
    decide();
  };
  readers->set(settings_, throttle_);
}

/// A watch that cannot look holds no promise: its silence stops the work like that of any signal.
void Monitor::connect_lock_watch() {
  lock_watch_.our_backends = [this] {
    return audience_.our_backends ? audience_.our_backends() : std::vector<int>{};
  };
  lock_watch_.on_waiter = [this](int backend_pid, Instant looked_at, std::string who) {
    if (!audience_.slot_of_backend || !audience_.tell) return;
    const std::optional<SlotId> slot = audience_.slot_of_backend(backend_pid, looked_at);
    if (slot) audience_.tell(WaiterSeen{*slot, std::move(who)});
  };
  lock_watch_.on_held = [this](int backend_pid, Instant looked_at, std::string by) {
    if (!audience_.slot_of_backend || !audience_.tell) return;
    const std::optional<SlotId> slot = audience_.slot_of_backend(backend_pid, looked_at);
    if (slot) audience_.tell(RowsHeld{*slot, std::move(by)});
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
  lag_.set(settings_);
  lock_watch_.set_limit(settings_.lock_wait);
  require_own();
  query_reader_.set(settings_, throttle_);
  job_readers_.set(settings_, throttle_);
  for (const auto& readers : standby_readers_) readers->set(settings_, throttle_);
}

std::optional<Hold> Monitor::hold() {
  return throttle_.hold(pg::now());
}

void Monitor::pause(std::string reason) {
  throttle_.pause(std::move(reason));
  decide();
}

asio::awaitable<void> Monitor::watch() {
  children_.spawn(lock_watch_.watch());
  children_.spawn(query_reader_.watch());
  children_.spawn(job_readers_.watch());
  for (const auto& readers : standby_readers_) children_.spawn(readers->watch());
  children_.spawn(decide_on_beats());
  while (!stopping_) {
    co_await read_lag();
    decide();
    co_await read_own();
    co_await read_company();
    co_await read_position();
    if (stopping_) break;
    timer_.expires_after(beat);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  link_.close();
  co_await children_.ended();
}

void Monitor::stop() {
  stopping_ = true;
  timer_.cancel();
  decision_timer_.cancel();
  link_.abort();
  lock_watch_.stop();
  query_reader_.stop();
  job_readers_.stop();
  for (const auto& readers : standby_readers_) readers->stop();
}

/// Apart from the readings: one that does not come back must not hide for how long it has not.
asio::awaitable<void> Monitor::decide_on_beats() {
  while (!stopping_) {
    decide();
    decision_timer_.expires_after(beat);
    boost::system::error_code ignored;
    co_await decision_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

asio::awaitable<void> Monitor::read_lag() {
  const Instant now = pg::now();
  if (lag_due_ > now) co_return;
  lag_due_ = now + lag_.interval();
  Result<Reading> reading = co_await read_signal(&link_, &lag_);
  take(lag_.name(), std::move(reading));
}

asio::awaitable<void> Monitor::read_own() {
  for (Own& own : own_) {
    const Instant now = pg::now();
    if (stopping_ || !own.source->on() || own.due > now) continue;
    own.due = now + own.source->interval();
    Result<Reading> reading = co_await read_signal(&link_, own.source.get());
    // Switched off while it was being read: nobody waits for it any more.
    if (own.source->on()) take(own.source->name(), std::move(reading));
  }
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
      lags_[signal.name.substr(lag_prefix.size())] = {signal.seen.value_or(signal.value),
                                                      signal.taken_at};
    }
    throttle_.on_signal(std::move(signal));
  }
  for (const std::string& ended : reading->ended) {
    throttle_.forget(ended);
    if (ended.starts_with(lag_prefix)) lags_.erase(ended.substr(lag_prefix.size()));
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
  const Instant now = pg::now();
  for (const auto& [standby, lag] : lags_) {
    if (now - lag.taken_at > shown_for) continue;
    text += fmt::format("{}{} {:.1f} s", text.empty() ? "" : ", ", standby, lag.seconds);
  }
  return text;
}

std::optional<double> Monitor::worst_lag_s() const {
  std::optional<double> worst;
  const Instant now = pg::now();
  for (const auto& [standby, lag] : lags_) {
    if (now - lag.taken_at > shown_for) continue;
    worst = std::max(worst.value_or(lag.seconds), lag.seconds);
  }
  return worst;
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
