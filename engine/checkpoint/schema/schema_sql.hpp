#pragma once

#include <string_view>

/// The SQL of the control schema, one concept a file; `control_schema.cpp` puts it in order.
namespace backfill::schema_sql {

extern const std::string_view tables;
extern const std::string_view table_comments;
extern const std::string_view fence_functions;
extern const std::string_view range_functions;
extern const std::string_view lease_functions;
extern const std::string_view status_view;
extern const std::string_view stripe_columns;
extern const std::string_view striped_range_functions;
extern const std::string_view settlements;
extern const std::string_view event_numbers;
extern const std::string_view control_tables;
extern const std::string_view ground;
extern const std::string_view proofs;
extern const std::string_view assert_done;
extern const std::string_view history;
extern const std::string_view batch_counts;
extern const std::string_view quarantine_table;
extern const std::string_view quarantine_answers;

}  // namespace backfill::schema_sql
