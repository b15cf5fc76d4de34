#pragma once

#include <string>

#include "backfill/key.hpp"
#include "catalog/read_only.hpp"
#include "core/target.hpp"

/// Never a quadratic run: before the first batch, and after anything that could change plans, the
/// batch statement's plan is looked at.
namespace backfill {

struct GuardVerdict {
  enum class Kind {
    good,           ///< rows are found by the key
    needs_analyze,  ///< they are not, and the planner knows nothing of the table: ANALYZE, ask
                    ///< again
    refused,        ///< they are not, and statistics do not help
  };

  Kind kind = Kind::good;
  std::string reason;  ///< one sentence, unless good
  std::string hint;    ///< the next step, unless good
  std::string plan;    ///< the plan as indented lines
};

/// Plans `statement` as the batches run it: as a generic plan, within one transaction (PREPARE,
/// EXPLAIN EXECUTE, DEALLOCATE, ROLLBACK), which is READ ONLY and works through a transaction
/// pooler. `statement` takes the bounds of `sample` as its parameters, in the order of
/// `bound_values`, and the values of `more_params` after them. What counts as good: plan_judge.hpp.
/// ANALYZE can help where a relation of more than a few pages has no column statistics at all.
[[nodiscard]] asio::awaitable<Result<GuardVerdict>> guard_plan(pg::Connection* connection,
                                                               Target target, std::string statement,
                                                               KeyRange sample,
                                                               std::vector<std::string> more_params,
                                                               InspectionSettings settings);

/// The same with the bounds as its only parameters, under the default settings: an overload and no
/// default argument, which g++ 12 would miscompile within a co_await expression.
[[nodiscard]] asio::awaitable<Result<GuardVerdict>> guard_plan(pg::Connection* connection,
                                                               Target target, std::string statement,
                                                               KeyRange sample);

}  // namespace backfill
