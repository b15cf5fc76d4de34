#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "core/sql_text.hpp"
#include "core/target.hpp"

/// The SQL of a rehearsal beside that of the job itself: what is looked at before and after a batch
/// that is then rolled back, and what can be measured while the columns of `add` are not there yet.
namespace backfill {

class RehearsalSql {
 public:
  RehearsalSql(Job job, Target target);

  /// The first `rows` rows of a range that the job would change: the key's columns, then of each
  /// column of `set` what it holds and what its expression gives, all as text. Of one stripe alone
  /// when `striped`. Parameters: the bounds, those of `stripe_predicate`, then `rows`.
  [[nodiscard]] std::string samples(BoundShape shape, bool striped) const;

  /// What the rows with these keys hold: the key's columns, then those of `set`, as text.
  /// Parameters: the key's columns of each in turn.
  [[nodiscard]] std::string held(std::size_t keys) const;

  /// Computes the expressions for each row of a range that the job would change, and writes
  /// nothing: one row with their number and the bytes of the new values. Parameters: the bounds.
  [[nodiscard]] std::string compute(BoundShape shape) const;

 private:
  [[nodiscard]] std::string rows_of_range(BoundShape shape) const;
  [[nodiscard]] std::vector<std::string> key_texts() const;
  [[nodiscard]] std::string new_value(const SetColumn& set) const;

  Job job_;
  Target target_;
};

/// The statement measured: its time, its WAL and its triggers, exactly and without those of others.
/// Runs it.
[[nodiscard]] std::string measured(std::string_view statement);

}  // namespace backfill
