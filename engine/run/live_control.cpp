#include "run/live_control.hpp"

#include <map>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "checkpoint/control_schema.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

constexpr Duration held_beat = std::chrono::milliseconds{100};

/// The settings of the file, and a row for none of those that it leaves out.
std::vector<StoredSetting> as_stored(const Job& job) {
  std::vector<StoredSetting> stored;
  for (Setting& setting : live_settings(job)) {
    StoredSetting row;
    row.key = std::move(setting.key);
    row.file_value = std::move(setting.value);
    stored.push_back(std::move(row));
  }
  return stored;
}

std::map<std::string, std::string> by_key(const Job& job) {
  std::map<std::string, std::string> values;
  for (Setting& setting : live_settings(job)) values[setting.key] = std::move(setting.value);
  return values;
}

}  // namespace

LiveControl::LiveControl(Session* session)
    : session_(session), filed_(session->request.job), timer_(session->executor) {}

asio::awaitable<Result<void>> LiveControl::open() {
  const std::function<asio::awaitable<Result<std::optional<int>>>(pg::Connection*)> ask =
      [](pg::Connection* connection) { return read_control_schema_version(connection); };
  const Result<std::optional<int>> version =
      co_await session_->control.repeat<std::optional<int>>(ask);
  if (!version) co_return version.error();
  if (version->value_or(0) < wishes_version) co_return Result<void>{};

  const JobId job = session_->record.id;
  const Epoch epoch = session_->lease.epoch;
  const std::vector<StoredSetting> of_file = as_stored(filed_);
  const std::function<asio::awaitable<Result<std::vector<DroppedSetting>>>(pg::Connection*)> enter =
      [job, epoch, of_file](pg::Connection* connection) {
        return enter_settings(connection, job, epoch, of_file);
      };
  const Result<std::vector<DroppedSetting>> dropped =
      co_await session_->control.repeat<std::vector<DroppedSetting>>(enter);
  if (!dropped) co_return dropped.error();
  for (const DroppedSetting& setting : *dropped) {
    session_->tell(Level::warning, "setting", "setting_dropped",
                   fmt::format("{} was set to {}; the job file has been changed since, and counts",
                               setting.key, setting.value));
  }
  const std::function<asio::awaitable<Result<Wishes>>(pg::Connection*)> read =
      [job](pg::Connection* connection) { return read_wishes(connection, job); };
  const Result<Wishes> wishes = co_await session_->control.repeat<Wishes>(read);
  if (!wishes) co_return wishes.error();
  hear(*wishes);
  desk_ = std::make_unique<ControlDesk>(session_->executor, job);
  desk_->on_wishes = [this](const Wishes& changed) { hear(changed); };
  co_return Result<void>{};
}

void LiveControl::hear(const Wishes& wishes) {
  hear_settings(wishes.settings);
  hear_pause(wishes.pause);
  hear_stop(wishes.stop);
}

void LiveControl::hear_settings(const std::vector<StoredSetting>& stored) {
  std::vector<Setting> wanted;
  for (const StoredSetting& setting : stored) {
    if (setting.value) wanted.push_back({setting.key, *setting.value});
  }
  if (wanted == applied_) return;
  const Job changed = job_with(wanted);
  applied_ = std::move(wanted);
  put_into_effect(changed);
}

Job LiveControl::job_with(const std::vector<Setting>& settings) {
  Job changed = filed_;
  for (const Problem& problem : apply_settings_that_fit(changed, settings)) {
    session_->tell(
        Level::warning, "setting", "setting_refused",
        fmt::format("a setting in the control schema is not taken over: {}", format(problem)));
  }
  return changed;
}

void LiveControl::put_into_effect(const Job& changed) {
  Job& job = session_->request.job;
  std::map<std::string, std::string> before = by_key(job);
  for (const auto& [key, value] : by_key(changed)) {
    const std::string was = std::exchange(before[key], value);
    if (was == value) continue;
    session_->tell(Level::info, "setting", "setting_changed",
                   fmt::format("{} is {} now, was {}", key, value, was.empty() ? "nothing" : was));
  }
  job.pace = changed.pace;
  job.throttle = changed.throttle;
  job.safety = changed.safety;
  if (session_->pool) session_->pool->grow(job.pace.connections);
  if (session_->monitor) session_->monitor->set(job.throttle);
  if (session_->sweep) {
    session_->sweep->set(session_->settings(), job.safety);
    session_->sweep->tell(SettingsChanged{job.pace, job.safety});
  }
}

void LiveControl::hear_pause(const std::optional<Pause>& pause) {
  if (pause == pause_) return;
  const bool resumed = pause_ && !pause;
  pause_ = pause;
  if (session_->monitor) session_->monitor->pause(pause_text());
  if (resumed) session_->observer->message(Level::info, "resumed", "resumed");
}

void LiveControl::hear_stop(const std::optional<StopWish>& stop) {
  if (!stop || stop->epoch != session_->lease.epoch || stop == stop_) return;
  const bool heard = stop_ && (stop_->cancel || !stop->cancel);
  stop_ = stop;
  if (heard) return;
  const std::string reason = "stop asked by " + stop->by;
  session_->observer->message(Level::warning, "stopping",
                              reason + (stop->cancel ? ": cancelling the batches in flight"
                                                     : ": stopping after the batches in flight"));
  session_->request_stop(stop->cancel, reason);
}

std::string LiveControl::pause_text() const {
  if (!pause_) return {};
  return fmt::format("paused by {} since {}", pause_->by, pause_->since);
}

void LiveControl::on_hold(const std::string& reason) {
  if (session_->request.wait || session_->stop_reason) return;
  session_->request_stop(false, reason);
}

asio::awaitable<std::optional<Outcome>> LiveControl::wait_while_held() {
  bool told = false;
  while (!session_->stop_reason && !session_->keeper->lost()) {
    const std::optional<Hold> hold = session_->monitor->hold();
    if (!hold) break;
    if (hold->wished && !session_->request.wait) {
      on_hold(hold->reason);
      break;
    }
    if (hold->wished && !std::exchange(told, true)) {
      session_->observer->message(
          Level::warning, "waiting",
          fmt::format("job {} waits: {}{}", session_->record.name, hold->reason,
                      pause_ ? ". To go on: backfill resume " + session_->record.name : ""));
    }
    session_->waiting_for = hold->reason;
    timer_.expires_after(held_beat);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  session_->waiting_for.clear();
  if (session_->keeper->lost()) {
    Finish finish;
    finish.how = Finish::How::lease_lost;
    co_return ending_of(*session_, finish);
  }
  if (session_->stop_reason) co_return stopped_outcome(*session_, *session_->stop_reason);
  co_return std::nullopt;
}

}  // namespace backfill::run
