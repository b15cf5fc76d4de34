#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backfill/enforce.hpp"
#include "core/enforce_step.hpp"
#include "core/sql_text.hpp"
#include "core/target.hpp"
#include "jobs/online_ddl.hpp"

/// The SQL of one step of `enforce`, produced from the step and from what the catalog says. Each
/// step is a short walk: a statement is chosen by the state that it starts from, so it makes no
/// difference who has left the step there, or when.
namespace backfill {

class EnforceSql {
 public:
  /// `target` has the columns of `add`, whether they are there yet or not.
  EnforceSql(EnforceStep step, Target target);

  [[nodiscard]] const EnforceStep& step() const { return step_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  /// What comes next; nothing when the step is done. Never for an index that is being built by a
  /// session that lives: that has to be waited for. A default is always set again.
  [[nodiscard]] std::optional<OnlineDdl> next(const EnforceState& state) const;

  /// All of it, from nothing: for `plan`.
  [[nodiscard]] std::vector<OnlineDdl> all() const;

  /// What takes the step back, statement by statement; nothing when nothing of it is left. A
  /// default goes back to `old_default` (SQL; absent: none) in one statement, which is always
  /// given.
  [[nodiscard]] std::optional<OnlineDdl> undo(const EnforceState& state,
                                              const std::optional<std::string>& old_default) const;

  /// All of it, from the state given: for showing it beforehand.
  [[nodiscard]] std::vector<OnlineDdl> undo_all(
      EnforceState state, const std::optional<std::string>& old_default) const;

  /// The first ten offenders, and the columns that `violation_text` reads; absent for a step that
  /// no row can break. Reads the whole table at worst.
  [[nodiscard]] std::optional<std::string> violations() const;
  /// "key 17: email_normalized is NULL", of a row of `violations`.
  [[nodiscard]] std::string violation_text(
      const std::vector<std::optional<std::string>>& row) const;

  /// Removes or unlinks rows that refer to nothing, within a range of the key; absent when the step
  /// does not ask for it. Parameters: the bounds.
  [[nodiscard]] std::optional<std::string> mend_orphans(BoundShape shape) const;

 private:
  [[nodiscard]] std::string is_orphan() const;
  [[nodiscard]] std::optional<OnlineDdl> add_or_validate(const EnforceState& state,
                                                         ConstraintType type,
                                                         const std::string& definition) const;
  [[nodiscard]] std::optional<OnlineDdl> build(const EnforceState& state) const;
  [[nodiscard]] OnlineIndex index() const;

  EnforceStep step_;
  Target target_;
  std::string name_;
};

}  // namespace backfill
