#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/enforce.hpp"
#include "backfill/job.hpp"
#include "core/target.hpp"

/// What can be said of a step of `enforce` without asking the server.
namespace backfill {

/// `unique: email name: users_email_key`, `foreign_key: plan_id references: plans (id) orphans:
/// delete`: one line, the same for every spelling of the same step. Pinned by started jobs: never
/// change what it says of a step.
[[nodiscard]] std::string enforce_text(const EnforceStep& step);

/// The table as it will be once `add` has run: a name must not depend on whether it has.
[[nodiscard]] Target with_added_columns(const Job& job, Target target);

/// The constraint or index that the step makes: its `name`, else PostgreSQL's own choice
/// (`users_email_key`). For `not_null` it is the CHECK that stands for a while; a default has none.
[[nodiscard]] std::string enforce_name(const EnforceStep& step, const Target& target);

/// The columns that a step names outright, in its order; not those within its expressions.
[[nodiscard]] std::vector<std::string> enforce_columns(const EnforceStep& step);

/// What the catalog says of a step: it decides which statement comes next.
struct EnforceState {
  struct Constraint {
    char type = 'c';  ///< as pg_constraint.contype
    bool validated = false;
  };
  struct Index {
    bool valid = false;
    bool being_built = false;  ///< by a session that lives
  };
  std::optional<Constraint> constraint;  ///< of the step's name, on the table
  std::optional<Index> index;
  bool column_not_null = false;
  std::optional<std::string> column_default;  ///< SQL
};

}  // namespace backfill
