#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "core/target.hpp"
#include "jobs/online_ddl.hpp"

/// The trigger that keeps both columns in step while a type-copy runs.
namespace backfill {

/// One column on its way: what it is called, and how a value gets there and back.
struct CopiedColumn {
  std::string name;
  std::string fresh;     ///< the new column until the switch
  std::string parked;    ///< the old column from the switch on
  std::string old_type;  ///< SQL; empty while the table does not have the old column
  std::string type;
  std::string with;      ///< over the old column
  std::string back;      ///< over the new one
  bool faithful = true;  ///< `back` is the default: nothing may be lost on the way back
};

struct SyncFacts {
  std::string job;
  std::string label;  ///< tells the tables of one job apart; empty for the job's own
  Target target;
  std::vector<CopiedColumn> columns;
  CastErrors on_cast_error = CastErrors::record;
  /// An expression depends on settings such as TimeZone: those of the job's session are kept with
  /// the function, so that a writer's own do not decide.
  bool pin_settings = false;
};

enum class SyncDirection {
  forward,  ///< before the switch: the new column follows the old one
  back,     ///< after it: the old column follows the new one
};

/// CREATE OR REPLACE FUNCTION, with what must be set for the transaction before it. It belongs to
/// the role of the job and runs with its rights: a writer need not be allowed to use what the
/// expressions call, nor to record an error.
[[nodiscard]] std::vector<OnlineDdl> sync_function_ddl(const SyncFacts& facts,
                                                       SyncDirection direction);

/// The trigger itself, in place of one of the same name. It fires in every replication role, and
/// not for the job's own batches.
[[nodiscard]] std::vector<OnlineDdl> sync_trigger_ddl(const SyncFacts& facts);

/// A query of one text that is another one whenever the trigger has been made anew, disabled,
/// enabled or renamed in between; null without the trigger. Both parameters are SQL.
[[nodiscard]] std::string sync_trigger_mark_sql(const std::string& table,
                                                const std::string& trigger);

/// Drops both.
[[nodiscard]] std::vector<OnlineDdl> drop_sync_ddl(const SyncFacts& facts);

/// `expression` computed over other values than the row's own: `(SELECT (…) FROM (SELECT a AS x) AS
/// "t")`. Each column of the table that it mentions comes from `source`, which gives SQL for a
/// name.
[[nodiscard]] std::string computed_over(
    const Target& target, const std::string& expression,
    const std::function<std::string(const std::string& column)>& source);

/// SQL: whether two expressions of one type are not the very same value, whatever the type calls
/// equal: their stored forms are compared.
[[nodiscard]] std::string differ_sql(const std::string& left, const std::string& right);

}  // namespace backfill
