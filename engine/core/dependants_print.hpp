#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace backfill {

/// A column as the catalog numbers it.
struct ColumnNumber {
  std::int64_t relation = 0;  ///< pg_class.oid
  std::int64_t number = 0;    ///< pg_attribute.attnum
};

/// A query of one text that is another one whenever something that hangs on the columns has been
/// made, changed or dropped in between, by whomever: what `read_dependants` reads, in short. It
/// compares versions of catalog rows (xmin), so that it is quick enough to be asked under the locks
/// of a switch. Objects of the engine's own do not count. Works under any search_path.
[[nodiscard]] std::string dependants_print_sql(const std::vector<ColumnNumber>& columns);

}  // namespace backfill
