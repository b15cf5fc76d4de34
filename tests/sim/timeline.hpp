#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/time.hpp"

namespace backfill::sim {

/// Virtual time: what is due is done in order, and things due at one moment in the order in which
/// they were asked for. Nothing here knows a real clock.
class Timeline {
 public:
  using Work = std::function<void()>;

  [[nodiscard]] Instant now() const { return now_; }

  void after(Duration wait, Work work) {
    due_.push_back({now_ + std::max(wait, Duration::zero()), ++count_, std::move(work)});
    std::push_heap(due_.begin(), due_.end(), later);
  }

  /// Does the next thing; false when nothing is left to do.
  bool step() {
    if (due_.empty()) return false;
    std::pop_heap(due_.begin(), due_.end(), later);
    Entry entry = std::move(due_.back());
    due_.pop_back();
    now_ = entry.at;
    entry.work();
    return true;
  }

 private:
  struct Entry {
    Instant at;
    std::uint64_t order;
    Work work;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  Instant now_{};
  std::uint64_t count_ = 0;
  std::vector<Entry> due_;
};

}  // namespace backfill::sim
