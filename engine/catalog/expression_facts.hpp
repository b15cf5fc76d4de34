#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "catalog/read_only.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

/// Whether an expression can be proved: computed again at the end, does it give the same value?
///
/// The server decides, by what its planner does with the expression in EXPLAIN; nothing runs and
/// nothing is written.
///
/// 1. A query that reads a table or a clock is named by its words: SELECT, VALUES, current_date,
///    'now'… These can give another value later, so they are not deterministic.
/// 2. Immutable: with constraint_exclusion on, the planner drops the scan of
///    `… WHERE (e) IS NULL AND (e) IS NOT NULL` as contradictory if and only if `e` holds no
///    function that is not immutable (plancat.c, relation_excluded_by_constraints, "safe
///    restrictions"). This looks through operators, casts, and SQL functions that can be inlined.
/// 3. Volatile: a subquery whose target list holds a volatile function is never pulled up
///    (prepjointree.c, is_simple_subquery), so its Subquery Scan stays in the plan.
/// 4. Otherwise it is stable: it depends on settings (concat, to_char, a timestamptz cast to date),
///    on the clock (now) or on other rows (a user's function). Operators and casts of the server's
///    own, and a list of its functions that read settings alone, count as deterministic, since the
///    proof runs under the same settings as the copy. Any other function that has a stable form
///    does not.
///
/// A function that its owner declared IMMUTABLE is taken at its word, as the server takes it.
namespace backfill {

struct ExpressionFacts {
  bool deterministic = false;
  bool immutable = false;  ///< not even a setting such as TimeZone plays a part
  /// It reads a column that the job sets (or the whole row), as `n + 1` for `n` does: computed
  /// again after the copy it would start from another value.
  bool reads_set_columns = false;

  [[nodiscard]] bool provable() const { return deterministic && !reads_set_columns; }
};

/// One entry for each column of `job.set`, in its order. An expression that the server rejects has
/// an Error. Runs in a READ ONLY transaction of its own.
[[nodiscard]] asio::awaitable<Result<std::vector<ExpressionFacts>>> expression_facts(
    pg::Connection* connection, Job job, Target target, InspectionSettings settings);

/// The same under the default settings. These overloads stand in for default arguments, since
/// g++ 12 miscompiles an aggregate temporary within a co_await expression, and a default argument
/// is one.
[[nodiscard]] asio::awaitable<Result<std::vector<ExpressionFacts>>> expression_facts(
    pg::Connection* connection, Job job, Target target);

/// `provable()` of each: whether a sweep may compare the column with its expression.
[[nodiscard]] asio::awaitable<Result<std::vector<bool>>> deterministic_expressions(
    pg::Connection* connection, Job job, Target target, InspectionSettings settings);
[[nodiscard]] asio::awaitable<Result<std::vector<bool>>> deterministic_expressions(
    pg::Connection* connection, Job job, Target target);

}  // namespace backfill
