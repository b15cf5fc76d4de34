#include "checkpoint/schema/schema_sql.hpp"

namespace backfill::schema_sql {

// Version 5: checkpoints are positions in one key of one table. What these are is kept beside them,
// since the names in the job file may come to mean another table, and the best key another key.
const std::string_view ground = R"sql(
ALTER TABLE backfill.jobs ADD COLUMN ground text;
COMMENT ON COLUMN backfill.jobs.ground IS 'The table and the key that the checkpoints stand on, as the server resolved them, line by line; a run that would stand on another is refused.';
)sql";

}  // namespace backfill::schema_sql
