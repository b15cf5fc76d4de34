#pragma once

#include <string>
#include <vector>

namespace backfill::test {

/// What pg_dump says of a database's schema, as one statement an element and sorted, so that two
/// catalogs can be compared: the columns of a table too are sorted, since a column that was added
/// stands behind the others. Throws when pg_dump fails.
[[nodiscard]] std::vector<std::string> schema_dump(const std::string& conninfo);

/// What one of them has and the other has not: `- missing` and `+ added`, one statement an element.
[[nodiscard]] std::vector<std::string> schema_difference(const std::vector<std::string>& expected,
                                                         const std::vector<std::string>& actual);

}  // namespace backfill::test
