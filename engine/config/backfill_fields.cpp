#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/enforce_reader.hpp"
#include "config/field_reader.hpp"
#include "config/field_table.hpp"
#include "core/nearest.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"

namespace backfill::config {
namespace {

constexpr std::string_view column_key = "column";

void add_column(FieldReader& reader, const Node& definition) {
  const auto text = reader.text("add.column", "a column's name and type", definition);
  if (!text) return;
  const Parsed<AddColumn> column = split_column_definition(*text);
  if (!column) {
    return reader.report_in(definition, column.problem().offset,
                            fmt::format("add.column: {}", column.problem().message));
  }
  std::vector<AddColumn>& columns = reader.job().add;
  const bool twice = std::any_of(columns.begin(), columns.end(), [&](const AddColumn& other) {
    return other.column == column->column;
  });
  if (twice) {
    return reader.report_in(definition, 0,
                            fmt::format("add: column {} is here twice", name_text(column->column)));
  }
  columns.push_back(*column);
}

void read_add(FieldReader& reader, const Node& list) {
  for (const Node& item : list.items) {
    if (item.refused) continue;
    if (item.shape != Node::Shape::mapping) {
      reader.report(item.position,
                    fmt::format("each item of add must be a mapping such as column: email text, "
                                "not {}",
                                is_null(item) ? "empty" : shown(item)));
      continue;
    }
    bool found = false;
    for (std::size_t i = 0; i < item.keys.size(); ++i) {
      if (item.keys[i].parsed == column_key) {
        found = true;
        add_column(reader, item.items[i]);
        continue;
      }
      const bool near = nearest_word(item.keys[i].parsed, {&column_key, 1}).has_value();
      reader.report(item.keys[i].position,
                    fmt::format("unknown key \"{}\" in add; {}", item.keys[i].parsed,
                                near ? "did you mean \"column\"?" : "the keys here are: column"));
    }
    if (!found) reader.report(item.position, "the key \"column\" is missing in this item of add");
  }
}

void read_set(FieldReader& reader, const Node& mapping) {
  std::vector<SetColumn>& columns = reader.job().set;
  for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
    const Node& key = mapping.keys[i];
    const Parsed<std::string> column = parse_identifier(key.parsed);
    if (!column) {
      reader.report_in(key, column.problem().offset,
                       fmt::format("set: {}", column.problem().message));
    }
    const std::string label = fmt::format("set.{}", column ? name_text(*column) : key.parsed);
    const Node& value = mapping.items[i];
    const bool plain_null = value.shape == Node::Shape::scalar && is_null(value) &&
                            !value.left_out && value.segments.empty();
    const auto text = reader.text(
        label,
        plain_null ? "an expression ('NULL' in quotes sets the column to NULL)" : "an expression",
        value);
    if (!text) continue;
    if (const auto problem = check_expression(*text)) {
      reader.report_in(value, problem->offset, fmt::format("{}: {}", label, problem->message));
      continue;
    }
    if (!column) continue;
    const bool twice = std::any_of(columns.begin(), columns.end(),
                                   [&](const SetColumn& other) { return other.column == *column; });
    if (twice) {
      reader.report(key.position,
                    fmt::format("set: column {} is here twice, since SQL folds unquoted names to "
                                "lower case",
                                name_text(*column)));
      continue;
    }
    columns.push_back({*column, without_comments(*text)});
  }
}

std::optional<TextProblem> store_where(Job& job, std::string_view text) {
  if (auto problem = check_expression(text)) return problem;
  job.where = without_comments(text);
  return std::nullopt;
}

std::optional<TextProblem> append_preserved(Job& job, std::string_view text) {
  const Parsed<std::string> column = parse_identifier(text);
  if (!column) return column.problem();
  if (std::find(job.preserve.begin(), job.preserve.end(), *column) != job.preserve.end()) {
    return TextProblem{0, "this column is in preserve already"};
  }
  job.preserve.push_back(*column);
  return std::nullopt;
}

}  // namespace

std::span<const Field> backfill_fields() {
  static const std::array<Field, 5> table{{
      {"add", "Columns to add first, where they are missing.",
       Structure{"a list of items such as column: email text", Node::Shape::sequence, read_add}},
      {"set", "The columns to change, each with the SQL expression of its new value.",
       Structure{"a mapping of columns to SQL expressions", Node::Shape::mapping, read_set}, true},
      {"where", "The rows that need the change, as a SQL condition; else all rows.",
       Text{"a SQL condition", store_where}},
      {"preserve",
       "Columns that keep their values in the rows that the job changes, whatever triggers do.",
       TextList{"a column's name or a list of them", [](Job& job) { job.preserve.clear(); },
                append_preserved}},
      {"enforce",
       "What is to hold of the table once its rows are proven, each put in place online.",
       Structure{"a list of steps such as not_null: email", Node::Shape::sequence, read_enforce}},
  }};
  return table;
}

}  // namespace backfill::config
