#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/finding.hpp"
#include "checkpoint/followed_record.hpp"
#include "core/dependants.hpp"
#include "core/reference.hpp"
#include "core/scan_choice.hpp"
#include "jobs/type_copy.hpp"
#include "run/run.hpp"

namespace backfill::pg {
class Connection;
}

namespace backfill::run {

/// One table of a type-copy: the job's own, or one whose foreign keys follow it.
struct CopyTable {
  Job job;  ///< as if this table were alone
  Target target;
  SyncFacts facts;
  std::vector<bool> provable;  ///< of `forward_job`
  ScanChoice scan;             ///< of the copy; as `choose_scans` has found it
  std::string ground;          ///< what its checkpoints stand on, as of now; of one that follows

  [[nodiscard]] std::string trigger() const;
  /// The phase of a sweep over this table: `copy`, or `copy public.items` of one that follows.
  [[nodiscard]] std::string phase(std::string_view word) const;
  /// The backfill whose copy and proof the table needs at a stage.
  [[nodiscard]] Job sweep_job(CopyStage stage) const;
};

/// A type-copy as the catalog shows it: what `run` works with and `plan` prints.
struct TypeCopyView {
  std::vector<CopyTable> tables;  ///< the job's own first
  CopyStage stage = CopyStage::absent;
  bool dropped = false;  ///< absent because the job has come to its end
  CarryPlan carry;       ///< there, or once switched, the way back
  std::vector<Finding> findings;
  std::vector<Reference> follows;  ///< with `include_references`
  /// Foreign keys that have been made since the columns were added, and are therefore not followed.
  std::vector<Reference> newcomers;
  /// Tables that follow and have become others, or have another key, since the columns were added.
  std::vector<Finding> moved;

  [[nodiscard]] CopyTable& own() { return tables.front(); }
  [[nodiscard]] const CopyTable& own() const { return tables.front(); }
  [[nodiscard]] std::vector<SyncFacts> facts() const;
  /// For `backfill.phases.detail`; empty where nothing follows.
  [[nodiscard]] std::string record() const;
  /// `public.orders, public.items`.
  [[nodiscard]] std::string tables_text() const;
  /// `id bigint`; with several tables each column behind its table's name.
  [[nodiscard]] std::string columns_text(bool old) const;
};

/// Reads it and writes nothing. Findings about what the job is to begin with come only while it has
/// not begun. `was_dropping` says that a run has come to its last phase: columns that are absent
/// then are gone for good.
asio::awaitable<Result<TypeCopyView>> view_type_copy(pg::Connection* connection, Job job,
                                                     bool was_dropping);

/// The tables, where they stand, and what follows what: the first part of `view_type_copy`.
asio::awaitable<Result<void>> find_tables(pg::Connection* connection, Job job, bool was_dropping,
                                          TypeCopyView* view);

/// The same tables again, as they are now.
asio::awaitable<Result<void>> describe_again(pg::Connection* connection, TypeCopyView* view);

/// The order in which the copy visits each table.
asio::awaitable<Result<void>> choose_scans(pg::Connection* connection, TypeCopyView* view);

/// Why a job may not go on to its switch with foreign keys that it has not followed; one each.
[[nodiscard]] std::vector<Finding> refuse_newcomers(const TypeCopyView& view);

/// From here on the server vouches for it that a plan writes nothing. Comes after the preflight,
/// which has a READ ONLY transaction of its own and refuses sessions that are set so. Behind a
/// pooler the setting would stay with somebody else's session: there each transaction says it
/// itself.
asio::awaitable<Result<void>> hold_read_only(pg::Connection* connection);

/// What a script sets first, so that none of its statements waits long for a lock.
[[nodiscard]] std::string script_lock_timeout(const Job& job);

/// `plan` of a type-copy: `report` says already what is common to all kinds.
asio::awaitable<Result<PlanReport>> plan_type_copy(pg::Connection* connection, Job job,
                                                   PlanReport report);

}  // namespace backfill::run
