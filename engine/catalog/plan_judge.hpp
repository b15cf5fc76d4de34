#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Decides from EXPLAIN's output alone whether a batch statement finds its rows by the key. Pure.
namespace backfill {

/// The target, or one of its partitions.
struct JudgedRelation {
  std::string schema;
  std::string name;
  std::int64_t pages = 0;  ///< of the heap as it is now
};

struct JudgedIndex {
  std::string schema;
  std::string name;
  /// Its first column; empty when that is an expression.
  std::string leading_column;
};

struct JudgedTable {
  std::vector<JudgedRelation> relations;
  std::vector<JudgedIndex> indexes;
  std::string key_column;  ///< the key's first one
};

/// A table of so few pages (512 kB) is read in less time than an index saves.
inline constexpr std::int64_t pages_worth_an_index = 64;

struct PlanJudgement {
  bool good = false;
  std::string reason;        ///< one sentence when it is not
  bool in_subquery = false;  ///< what is wrong is a subquery of an expression
};

/// `json` is what EXPLAIN (FORMAT JSON, VERBOSE) printed. Each scan of the target or a partition of
/// it must be bounded by the key: an Index (Only) Scan, or a Bitmap Index Scan below its heap scan,
/// whose Index Cond compares the key's first column and the index's own first column (so a walk
/// through a whole index is refused, however its rows are filtered); a Tid (Range) Scan with its
/// condition; or any scan of a table of at most `pages_worth_an_index` pages. Within subqueries
/// of an expression a scan of the target must only use some index; other tables are not judged.
[[nodiscard]] PlanJudgement judge_plan(std::string_view json, const JudgedTable& table);

/// The plan as indented lines, for messages: node, relation, index and conditions.
[[nodiscard]] std::string plan_text(std::string_view json);

}  // namespace backfill
