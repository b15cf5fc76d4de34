#include "core/concurrency.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace backfill {
namespace {

/// Two connections on two cores did 1.4 to 2.0 times the work of one: two are a safe start almost
/// anywhere, and a server with one core soon sheds the second.
constexpr int first_level = 2;

/// A second, and four batches a worker, keep the error of counting whole batches under a tenth.
constexpr Duration window_min = std::chrono::seconds(1);
constexpr int window_batches_per_worker = 4;
/// Of the windows at one level about the last four count.
constexpr int windows_smoothed = 4;
constexpr int windows_to_judge = 2;

/// A worker more must add 0.4 of the share of those who work already: the least that a second one
/// added where there was a core for it. The worker who adds less mostly waits, and makes others
/// wait.
constexpr double share_to_keep = 0.4;
/// One is let go without need only when it did less than 0.25 of a share; the gap to 0.4 keeps a
/// worker at the margin from being tried in and out for ever.
constexpr double share_to_let_go = 0.25;
/// When something is wrong, it goes unless it did more than 0.6 of a share: then all rows have
/// become slower, which fewer workers do not mend.
constexpr double share_to_let_go_in_need = 0.6;
/// Under a twentieth is noise whatever the share would be (our machine: a tenth between runs).
constexpr double gain_min = 0.05;

/// A failed trial costs about 4 s at a level beside the best one: at most that much of 10 s, and
/// soon next to nothing. Ten minutes still find out that a night's load has gone.
constexpr Duration patience_first = std::chrono::seconds(10);
constexpr Duration patience_max = std::chrono::minutes(10);
/// Who works at the ceiling from the beginning has nothing to find but that fewer would do: a trial
/// that costs a job of two workers half its speed for 3 s, and is not worth it to a job of seconds.
constexpr Duration patience_at_ceiling = std::chrono::minutes(1);

/// Half as slow again, three windows in a row, is no noise; back under a quarter, it is over.
constexpr double slow_factor = 1.5;
constexpr double quiet_factor = 1.25;
constexpr int slow_windows_max = 3;
/// Rows may simply be wider further on: in some hundred windows what was slow becomes normal.
constexpr double quiet_drift = 0.01;

/// Two conflicts within ten seconds are more than chance; each is forgotten in five.
constexpr double conflicts_max = 2;
constexpr double conflict_seconds = 5;

/// Activity is sampled about once a second, and sessions come and go within it.
constexpr double activity_smoothing = 0.3;
constexpr double activity_hysteresis = 0.75;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string percent(double share) {
  return fmt::format("{:.0f} %", share * 100);
}

}  // namespace

void ConcurrencyLimit::Measure::add(double rate, double cost) {
  windows = std::min(windows + 1, windows_smoothed);
  keys_per_second += (rate - keys_per_second) / windows;
  seconds_per_key += (cost - seconds_per_key) / windows;
}

ConcurrencyLimit::ConcurrencyLimit(int max)
    : max_(std::max(max, 1)), level_(std::min(first_level, max_)), patience_(patience_first) {}

int ConcurrencyLimit::ceiling() const {
  // "Workers under the number of cores with traffic, equal to it without": without, the trials
  // find the level themselves, as a server that waits for its disk can use more than its cores.
  if (cpus_ <= 0 || others_counted_ == 0) return max_;
  return std::clamp(cpus_ - others_counted_, 1, max_);
}

int ConcurrencyLimit::limit() const {
  return std::min(level_, ceiling());
}

std::string ConcurrencyLimit::reason() const {
  if (limit() >= max_) return {};
  const auto level = fmt::format("{} of {} workers: ", limit(), max_);
  if (limit() == ceiling()) {
    return level + fmt::format("{} active session{} of others on {} CPU{}", others_counted_,
                               others_counted_ == 1 ? "" : "s", cpus_, cpus_ == 1 ? "" : "s");
  }
  return level + (why_.empty() ? "finding how many are worth it" : why_);
}

void ConcurrencyLimit::set_max(int max) {
  max = std::max(max, 1);
  if (max == max_) return;
  const bool more_room = max > max_;
  max_ = max;
  if (level_ > ceiling()) move_to(ceiling());
  if (more_room) search_anew();
}

void ConcurrencyLimit::on_activity(int others_active, int cpus) {
  const int room_before = ceiling();
  cpus_ = cpus;
  others_ += activity_smoothing * (std::max(others_active, 0) - others_);
  if (std::abs(others_ - others_counted_) > activity_hysteresis) {
    others_counted_ = static_cast<int>(std::lround(others_));
  }
  if (level_ > ceiling()) move_to(ceiling());
  if (ceiling() > room_before) search_anew();
}

void ConcurrencyLimit::interrupted(Instant) {
  // An unproven level is given up either way: what was measured at it is not comparable any more.
  if (trial_ != Trial::none) return move_to(level_ + (trial_ == Trial::more ? -1 : 1));
  move_to(level_);
}

void ConcurrencyLimit::on_batch(RowCount keys, Duration statement_time, Instant now) {
  if (!window_) {
    // A window reaches from the end of one batch to the end of another.
    window_ = Window{.since = now};
    return;
  }
  window_->keys += static_cast<double>(keys.value);
  window_->busy_seconds += seconds(statement_time);
  ++window_->batches;
  const auto elapsed = now - window_->since;
  if (elapsed < window_min || window_->batches < window_batches_per_worker * limit()) return;
  const auto window = *std::exchange(window_, Window{.since = now});
  if (window.keys <= 0) return;
  on_window(window.keys / seconds(elapsed), window.busy_seconds / window.keys, now);
}

void ConcurrencyLimit::on_window(double rate, double cost, Instant now) {
  if (settling_ > 0) {
    --settling_;
    return;
  }
  here_.add(rate, cost);
  if (trial_ == Trial::none) return while_steady(cost, now);
  if (here_.windows < windows_to_judge) return;
  if (trial_ == Trial::more) return judge_more(now);
  judge_fewer(now);
}

bool ConcurrencyLimit::trial_is_due(Instant now) const {
  return here_.windows >= windows_to_judge && (!next_trial_at_ || now >= *next_trial_at_);
}

void ConcurrencyLimit::while_steady(double cost, Instant now) {
  if (!quiet_cost_) quiet_cost_ = cost;
  // Down at once by half of the gap, up slowly: the quiet cost is that of the good moments.
  *quiet_cost_ += (cost < *quiet_cost_ ? 0.5 : quiet_drift) * (cost - *quiet_cost_);
  slow_windows_ = cost > slow_factor * *quiet_cost_ ? slow_windows_ + 1 : 0;
  if (!trial_is_due(now)) return;
  if (slow_windows_ >= slow_windows_max && level_ > 1) {
    return begin_fewer(share_to_let_go_in_need,
                       fmt::format("rows took {} longer than before",
                                   percent(here_.seconds_per_key / *quiet_cost_ - 1)));
  }
  if (here_.seconds_per_key > quiet_factor * *quiet_cost_) return;
  const bool can_rise = level_ < ceiling();
  if (!can_rise && !next_trial_at_) {
    next_trial_at_ = now + patience_at_ceiling;
    return;
  }
  if (level_ > 1 && (try_fewer_next_ || !can_rise)) {
    begin_fewer(share_to_let_go, "one more added too little");
  } else if (can_rise) {
    begin_more();
  }
}

void ConcurrencyLimit::on_inelastic(Instant now) {
  if (trial_ != Trial::none || level_ == 1 || !trial_is_due(now)) return;
  begin_fewer(share_to_let_go_in_need,
              "batches wait for something that their size does not change");
}

void ConcurrencyLimit::begin_more() {
  const auto before = here_;
  move_to(level_ + 1);
  before_ = before;
  trial_ = Trial::more;
}

void ConcurrencyLimit::begin_fewer(double share_max, std::string why) {
  const auto before = here_;
  move_to(level_ - 1);
  before_ = before;
  trial_ = Trial::fewer;
  share_max_ = share_max;
  why_fewer_ = std::move(why);
}

void ConcurrencyLimit::judge_more(Instant now) {
  const double gain = here_.keys_per_second / before_.keys_per_second - 1;
  const double needed = std::max(gain_min, share_to_keep / (level_ - 1));
  if (gain >= needed) {
    trial_ = Trial::none;
    why_.clear();
    try_fewer_next_ = false;
    patience_ = patience_first;
    // At the top there is nothing to try but fewer, and no hurry to do it.
    if (level_ < ceiling()) {
      next_trial_at_.reset();
    } else {
      wait_longer(now);
    }
    // What the workers cost one another is part of this level.
    quiet_cost_ = here_.seconds_per_key;
    return;
  }
  why_ = fmt::format("another one added {}, worth it from {}", percent(std::max(gain, 0.0)),
                     percent(needed));
  move_to(level_ - 1);
  try_fewer_next_ = true;
  wait_longer(now);
}

void ConcurrencyLimit::judge_fewer(Instant now) {
  const double loss = 1 - here_.keys_per_second / before_.keys_per_second;
  if (loss <= std::max(gain_min, share_max_ / (level_ + 1))) {
    trial_ = Trial::none;
    why_ = why_fewer_;
    try_fewer_next_ = share_max_ == share_to_let_go;
    wait_longer(now);
    return;
  }
  move_to(level_ + 1);
  try_fewer_next_ = false;
  slow_windows_ = 0;
  // It was not the workers who made it slow: so it is now, and the search goes on from there.
  if (share_max_ == share_to_let_go_in_need) quiet_cost_ = before_.seconds_per_key;
  wait_longer(now);
}

void ConcurrencyLimit::on_conflict(Instant now) {
  if (conflict_at_) {
    conflicts_ = std::max(0.0, conflicts_ - seconds(now - *conflict_at_) / conflict_seconds);
  }
  conflict_at_ = now;
  conflicts_ += 1;
  if (conflicts_ < conflicts_max) return;
  conflicts_ = 0;
  // A trial of one more ends where it began; a trial of one fewer has already let one go.
  if (trial_ == Trial::none && level_ == 1) return;
  move_to(trial_ == Trial::fewer ? level_ : level_ - 1);
  why_ = "lock conflicts with other transactions";
  wait_longer(now);
}

void ConcurrencyLimit::move_to(int level) {
  level_ = std::max(level, 1);
  trial_ = Trial::none;
  here_ = {};
  window_.reset();
  settling_ = 1;
  slow_windows_ = 0;
}

void ConcurrencyLimit::wait_longer(Instant now) {
  next_trial_at_ = now + patience_;
  patience_ = std::min(2 * patience_, patience_max);
}

void ConcurrencyLimit::search_anew() {
  next_trial_at_.reset();
  patience_ = patience_first;
  try_fewer_next_ = false;
}

}  // namespace backfill
