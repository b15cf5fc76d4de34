#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "backfill/key.hpp"

namespace backfill {

struct TableColumn {
  std::string name;
  std::string type;  ///< as `format_type` prints it
  bool not_null = false;
  bool generated = false;        ///< GENERATED ALWAYS AS (…) STORED: cannot be set
  bool identity_always = false;  ///< GENERATED ALWAYS AS IDENTITY: cannot be set
};

/// The table of a job as the catalog describes it: what the producers of SQL need to know.
struct Target {
  QualifiedName table;  ///< the schema always present
  std::uint32_t oid = 0;
  bool partitioned = false;
  std::vector<TableColumn> columns;
  Key key;
  std::optional<std::int64_t> estimated_rows;  ///< absent when the table was never analysed
  std::int64_t pages = 0;
  int server_version = 0;  ///< as server_version_num, e.g. 150018
};

}  // namespace backfill
