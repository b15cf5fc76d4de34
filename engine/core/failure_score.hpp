#pragma once

#include <algorithm>
#include <cstdint>

#include "backfill/units.hpp"

namespace backfill {

/// Tells a job with a few bad rows from one whose rows mostly fail: a row that fails adds one, a
/// row that goes through takes one away, never below zero, and at ten the job should stop. It is
/// Page's cumulative sum (Biometrika 41, 1954) for a change of the failure rate to more than a
/// half: rows that all fail are seen after ten of them, in the middle of a good table, too; of rows
/// that fail at random at a rate r below a half it stops at any one with a chance of about
/// (r / (1 - r))^10: at 10 %, one in three thousand million.
class FailureScore {
 public:
  static constexpr std::int64_t limit = 10;

  void failed() { ++score_; }
  void passed(RowCount rows) { score_ = std::max<std::int64_t>(0, score_ - rows.value); }
  [[nodiscard]] bool mostly_fails() const { return score_ >= limit; }

 private:
  std::int64_t score_ = 0;
};

}  // namespace backfill
