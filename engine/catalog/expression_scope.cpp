#include "catalog/expression_scope.hpp"

#include <algorithm>

#include "core/sql_text.hpp"

namespace backfill {

std::vector<AddColumn> missing_columns(const Job& job, const Target& target) {
  std::vector<AddColumn> missing;
  for (const AddColumn& column : job.add) {
    const bool exists = std::ranges::any_of(
        target.columns, [&](const TableColumn& present) { return present.name == column.column; });
    if (!exists) missing.push_back(column);
  }
  return missing;
}

std::string expression_scope(const Job& job, const Target& target) {
  const std::vector<AddColumn> missing = missing_columns(job, target);
  if (missing.empty()) return quote_name(target.table);
  std::string scope = "(SELECT backfill_rows.*";
  for (const AddColumn& column : missing) {
    // On a line of its own, so that a comment within the type ends there.
    scope += ", NULL::" + column.type + "\n AS " + quote_identifier(column.column);
  }
  return scope + " FROM " + quote_name(target.table) + " AS backfill_rows OFFSET 0) AS " +
         quote_identifier(target.table.name);
}

}  // namespace backfill
