#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "core/sql_text.hpp"
#include "core/target.hpp"

/// `kind: backfill`: the SQL of its phases, produced from the job and the table alone.
namespace backfill {

/// How it is shown that no row was left out.
enum class Proof {
  where_remaining,   ///< no row matches `where` any more
  where_and_values,  ///< no row matches `where` whose columns differ from their expressions
  values,            ///< no row's columns differ from their expressions
  where_reported,    ///< the checkpoints; besides, the rows that match `where` are counted and told
  ledger,            ///< only the checkpoints can tell: one closed chain of ranges from end to end
};

/// Whether the rows that a sweep counts may be changed: those of `where_reported` may have been
/// changed already, and nothing in them tells.
[[nodiscard]] constexpr bool may_repair(Proof proof) {
  return proof != Proof::where_reported && proof != Proof::ledger;
}

/// One sentence for `plan` and the final report.
[[nodiscard]] std::string_view explain(Proof proof);

struct PlannedStatement {
  std::string sql;
  std::string lock;  ///< the strongest table lock it takes, and for how long
};

class BackfillSql {
 public:
  /// `provable[i]` says that `job.set[i]` gives the same value whenever it is computed again from
  /// the same row, also after the row has been changed.
  BackfillSql(Job job, Target target, std::vector<bool> provable);

  /// The columns of `add` that the table lacks.
  [[nodiscard]] std::vector<PlannedStatement> add() const;

  /// Parameters of all that follow: the bounds of the range, as `key_predicate` takes them.
  [[nodiscard]] std::string copy(BoundShape shape) const;
  /// The same for one stripe of the range; then come the parameters of `stripe_predicate`.
  [[nodiscard]] std::string copy_stripe(BoundShape shape) const;

  /// One row: how many rows of the range are not as they should be, and how many match `where`
  /// although nothing would change them (an email that is NULL stays NULL); under `where_reported`
  /// the second is all that match. Then, where `keep_checksums` was asked for, how many rows were
  /// compared, and two sums of hashes over their keys and values: of what they hold and of what
  /// they should hold; else three NULLs. Not for Proof::ledger.
  [[nodiscard]] std::string verify(BoundShape shape) const;

  /// Changes the rows that `verify` counts first, and no other. Only where `may_repair`.
  [[nodiscard]] std::string repair(BoundShape shape) const;

  /// The keys, as text, of the first ten rows that `verify` counts first. Only where `may_repair`.
  [[nodiscard]] std::string first_differences(BoundShape shape) const;

  /// From now on `verify` also gives sums, for Proof::values: a sweep that others stand on leaves
  /// figures behind that can be computed again. Costs two hashes a row.
  void keep_checksums() { keeps_checksums_ = true; }

  [[nodiscard]] Proof proof() const { return proof_; }

 private:
  [[nodiscard]] std::string update(BoundShape shape, const std::string& condition) const;
  [[nodiscard]] std::string differs() const;
  [[nodiscard]] std::string verify_with_checksums(BoundShape shape) const;
  [[nodiscard]] std::string checksum(bool expected) const;
  [[nodiscard]] std::string residue() const;

  Job job_;
  Target target_;
  std::vector<bool> provable_;
  Proof proof_;
  bool keeps_checksums_ = false;
};

/// Chooses the strongest proof that the job's expressions allow. One that `may_repair` changes the
/// rows that it finds: none is chosen under which a row could be changed twice.
[[nodiscard]] Proof choose_proof(const Job& job, const std::vector<bool>& provable);

}  // namespace backfill
