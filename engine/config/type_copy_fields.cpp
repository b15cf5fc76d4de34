#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "config/field_reader.hpp"
#include "config/field_table.hpp"
#include "core/duration_text.hpp"
#include "core/nearest.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"
#include "core/sql_text.hpp"

/// `kind: type-copy`:
///
///     columns: {NAME: {type: TYPE, using: EXPRESSION, back: EXPRESSION}, …}
///     include_references: false | true
///     switch: auto | manual
///     drop: manual | after DURATION
namespace backfill::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 3> column_keys{"type", "using", "back"};
constexpr std::array<std::string_view, 2> flag_words{"false", "true"};
constexpr std::array<std::string_view, 2> switch_words{"auto", "manual"};
constexpr std::array<std::string_view, 2> cast_error_words{"record", "fail"};
constexpr std::array<std::string_view, 4> cutting_types{"var", "char", "bpchar", "bit"};
constexpr std::string_view catalog_schema = "pg_catalog.";
constexpr std::string_view after_word = "after ";
constexpr milliseconds drop_after_max = hours(24 * 365);

/// The value of one key of a column, if it is an expression by itself.
std::optional<std::string> read_part(FieldReader& reader, const std::string& label,
                                     std::string_view wants, const Node& value) {
  const auto text = reader.text(label, wants, value);
  if (!text) return std::nullopt;
  if (const auto problem = check_expression(*text)) {
    reader.report_in(value, problem->offset, fmt::format("{}: {}", label, problem->message));
    return std::nullopt;
  }
  return without_comments(*text);
}

/// A type is read as behind a column's name in CREATE TABLE, where constraints are refused.
std::optional<std::string> read_type(FieldReader& reader, const std::string& label,
                                     const Node& value) {
  const auto text = reader.text(label, "a type", value);
  if (!text) return std::nullopt;
  const std::string_view name = "x ";
  const Parsed<AddColumn> definition = split_column_definition(std::string{name}.append(*text));
  if (definition) return definition->type;
  const std::size_t offset = definition.problem().offset;
  reader.report_in(value, offset > name.size() ? offset - name.size() : 0,
                   fmt::format("{}: {}", label, definition.problem().message));
  return std::nullopt;
}

void report_unknown_part(FieldReader& reader, const std::string& label, const Node& key) {
  const auto nearest = nearest_word(key.parsed, column_keys);
  reader.report(key.position,
                fmt::format("unknown key \"{}\" in {}; {}", key.parsed, label,
                            nearest ? fmt::format("did you mean \"{}\"?", *nearest)
                                    : std::string("the keys here are: type, using, back")));
}

/// Without `using` the value is cast, as far as a cast says no more than the type does. One to a
/// type with a length cuts what is too long, where an assignment refuses it: there the column
/// stands alone.
std::string default_using(const std::string& column, const std::string& type) {
  const std::string name = quote_identifier(column);
  std::string word;
  for (const char letter : type) {
    word += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
  }
  if (word.starts_with(catalog_schema)) word.erase(0, catalog_schema.size());
  const bool cuts = std::ranges::any_of(cutting_types, [&](std::string_view cutting) {
    return word.starts_with(cutting) && word.find('(') != std::string::npos;
  });
  return cuts ? name : name + "::" + type;
}

void read_column(FieldReader& reader, const std::string& name, const std::string& label,
                 const Node& parts) {
  ChangeColumn column;
  column.column = name;
  bool typed = false;
  for (std::size_t i = 0; i < parts.keys.size(); ++i) {
    const std::string& key = parts.keys[i].parsed;
    const std::string part = label + "." + key;
    if (key == "type") {
      typed = true;
      column.type = read_type(reader, part, parts.items[i]).value_or("");
    } else if (key == "using") {
      column.with = read_part(reader, part, "an expression", parts.items[i]).value_or("");
    } else if (key == "back") {
      column.back = read_part(reader, part, "an expression", parts.items[i]);
    } else {
      report_unknown_part(reader, label, parts.keys[i]);
    }
  }
  if (!typed) {
    reader.report(parts.position, fmt::format("the key \"type\" is missing in {}", label));
  }
  if (column.with.empty()) column.with = default_using(name, column.type);
  reader.job().type_copy.columns.push_back(std::move(column));
}

void read_columns(FieldReader& reader, const Node& mapping) {
  const std::vector<ChangeColumn>& columns = reader.job().type_copy.columns;
  for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
    const Node& key = mapping.keys[i];
    const Node& parts = mapping.items[i];
    if (parts.refused) continue;
    const Parsed<std::string> name = parse_identifier(key.parsed);
    if (!name) {
      reader.report_in(key, name.problem().offset,
                       fmt::format("columns: {}", name.problem().message));
      continue;
    }
    const std::string label = fmt::format("columns.{}", name_text(*name));
    if (parts.shape != Node::Shape::mapping) {
      reader.report(parts.position,
                    fmt::format("{} must be a mapping such as {{type: bigint}}, not {}", label,
                                is_null(parts) ? "empty" : shown(parts)));
      continue;
    }
    if (std::ranges::find(columns, *name, &ChangeColumn::column) != columns.end()) {
      reader.report(key.position,
                    fmt::format("columns: column {} is here twice, since SQL folds unquoted names "
                                "to lower case",
                                name_text(*name)));
      continue;
    }
    read_column(reader, *name, label, parts);
  }
}

std::optional<TextProblem> store_drop(Job& job, std::string_view text) {
  job.type_copy.drop_after.reset();
  if (text == "manual") return std::nullopt;
  if (!text.starts_with(after_word)) {
    return TextProblem{0, "write manual, or after and a duration, such as after 24h"};
  }
  const auto span = parse_duration(text.substr(after_word.size()));
  if (!span) return TextProblem{after_word.size(), span.problem().message};
  if (*span > drop_after_max) return TextProblem{after_word.size(), "365 days are the most"};
  job.type_copy.drop_after = *span;
  return std::nullopt;
}

}  // namespace

std::span<const Field> type_copy_fields() {
  static const std::array<Field, 6> table{{
      {"columns", "The columns to change, each with its new type and the way there and back.",
       Structure{"a mapping of columns to their type, using and back", Node::Shape::mapping,
                 read_columns},
       true},
      {"include_references",
       "Whether columns whose foreign keys point at the changed ones change with them.",
       Choice{flag_words,
              [](Job& job, std::size_t i) { job.type_copy.include_references = i == 1; }}},
      {"switch", "Whether run goes on to the switch, or leaves it to backfill switch.",
       Choice{switch_words,
              [](Job& job, std::size_t i) {
                job.type_copy.switch_mode = i == 0 ? SwitchMode::automatic : SwitchMode::manual;
              }}},
      {"drop", "When the old column may go: whenever asked, or not before a time after the switch.",
       Text{"manual, or after and a duration", store_drop}},
      {"on_cast_error", "What a concurrent write does whose value does not convert.",
       Choice{cast_error_words,
              [](Job& job, std::size_t i) {
                job.type_copy.on_cast_error = i == 0 ? CastErrors::record : CastErrors::fail;
              }}},
      {"transaction_wait", "How long to wait for transactions older than the job's trigger.",
       TimeSpan{milliseconds(0),
                hours(24),
                {},
                [](Job& job, auto span) { job.type_copy.transaction_wait = *span; }}},
  }};
  return table;
}

}  // namespace backfill::config
