#include "checkpoint/migrations.hpp"

#include "checkpoint/schema/schema_sql.hpp"

namespace backfill {

const std::vector<Migration>& control_schema_migrations() {
  static const std::vector<Migration> migrations = {
      {.version = 1,
       .scripts = {schema_sql::tables, schema_sql::table_comments, schema_sql::fence_functions,
                   schema_sql::range_functions, schema_sql::lease_functions,
                   schema_sql::status_view}},
      {.version = 2, .scripts = {schema_sql::stripe_columns, schema_sql::striped_range_functions}},
      {.version = 3, .scripts = {schema_sql::settlements, schema_sql::event_numbers}},
      {.version = 4, .scripts = {schema_sql::control_tables}},
      {.version = 5, .scripts = {schema_sql::ground}},
      {.version = 6, .scripts = {schema_sql::proofs}},
      {.version = 7, .scripts = {schema_sql::assert_done}},
      {.version = 8, .scripts = {schema_sql::history}},
      {.version = 9, .scripts = {schema_sql::batch_counts}},
      {.version = 10, .scripts = {schema_sql::quarantine_table, schema_sql::quarantine_answers}},
  };
  return migrations;
}

int control_schema_version() {
  return control_schema_migrations().back().version;
}

}  // namespace backfill
