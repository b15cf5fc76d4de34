#include "core/lock_wait_rule.hpp"

#include <algorithm>
#include <set>

namespace backfill {

namespace {

/// Five looks within the limit. A look reads pg_locks, which takes all partitions of the server's
/// lock table for a moment: not more often than that.
constexpr int beats_per_limit = 5;
constexpr Duration beat_min = std::chrono::milliseconds{20};
constexpr Duration beat_max = std::chrono::milliseconds{100};

}  // namespace

Duration LockWaitRule::beat() const {
  return std::clamp(limit_ / beats_per_limit, beat_min, beat_max);
}

std::vector<LockWaitRule::Overdue> LockWaitRule::on_look(const std::vector<LockWait>& waits,
                                                         LookTimes look) {
  // Nothing of ours runs before the watch has looked once: its silence stops the work.
  const Instant not_before = last_asked_at_.value_or(look.asked_at);
  last_asked_at_ = look.asked_at;
  // The next answer will take about as long as this one.
  const Instant next_answer = look.answered_at + beat() + (look.answered_at - look.asked_at);
  std::vector<Overdue> overdue;
  std::set<int> waiting;
  for (const LockWait& wait : waits) {
    waiting.insert(wait.waiter_pid);
    const Waiter& waiter =
        waiters_.try_emplace(wait.waiter_pid, Waiter{not_before, look.answered_at}).first->second;
    if (next_answer - waiter.since < limit_) continue;
    overdue.push_back({wait, look.answered_at - waiter.seen_at});
  }
  std::erase_if(waiters_, [&](const auto& entry) { return !waiting.contains(entry.first); });
  return overdue;
}

}  // namespace backfill
