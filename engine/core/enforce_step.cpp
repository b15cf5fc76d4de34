#include "core/enforce_step.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/object_name.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"

namespace backfill {

namespace {

std::string names_text(const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const std::string& name : names) texts.push_back(name_text(name));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string named(const std::optional<std::string>& name) {
  return name ? " name: " + name_text(*name) : std::string{};
}

std::string_view word_of(Orphans orphans) {
  switch (orphans) {
    case Orphans::refuse: return "refuse";
    case Orphans::remove: return "delete";
    case Orphans::set_null: break;
  }
  return "set_null";
}

struct TextOf {
  std::string operator()(const EnforceNotNull& step) const {
    return "not_null: " + name_text(step.column);
  }
  std::string operator()(const EnforceUnique& step) const {
    return "unique: " + names_text(step.columns) + named(step.name);
  }
  std::string operator()(const EnforceCheck& step) const {
    return "check: " + one_line_sql(step.expression) + named(step.name);
  }
  std::string operator()(const EnforceForeignKey& step) const {
    std::string text =
        fmt::format("foreign_key: {} references: {} ({}) orphans: {}", names_text(step.columns),
                    name_text(step.references), names_text(step.referenced), word_of(step.orphans));
    if (!step.on_delete.empty()) text += " on_delete: " + step.on_delete;
    return text + named(step.name);
  }
  std::string operator()(const EnforceIndex& step) const {
    std::vector<std::string> elements;
    for (const EnforceIndex::Element& element : step.elements) {
      elements.push_back(element.is_column ? name_text(element.text) : one_line_sql(element.text));
    }
    std::string text = fmt::format("index: {}", fmt::join(elements, ", "));
    if (step.method) text += " using: " + name_text(*step.method);
    if (step.where) text += " where: " + one_line_sql(*step.where);
    return text + named(step.name);
  }
  std::string operator()(const EnforceDefault& step) const {
    return fmt::format("default: {} = {}", name_text(step.column), one_line_sql(step.expression));
  }
};

/// PostgreSQL names a check after its column when it looks at one alone.
std::vector<std::string> columns_mentioned(const std::string& expression, const Target& target) {
  std::vector<std::string> mentioned;
  for (const TableColumn& column : target.columns) {
    if (mentions_identifier(expression, column.name)) mentioned.push_back(column.name);
  }
  if (mentioned.size() != 1) mentioned.clear();
  return mentioned;
}

}  // namespace

std::string enforce_text(const EnforceStep& step) {
  return std::visit(TextOf{}, step);
}

Target with_added_columns(const Job& job, Target target) {
  for (const AddColumn& added : job.add) {
    if (std::ranges::find(target.columns, added.column, &TableColumn::name) !=
        target.columns.end()) {
      continue;
    }
    TableColumn column;
    column.name = added.column;
    column.type = added.type;
    target.columns.push_back(std::move(column));
  }
  return target;
}

std::string enforce_name(const EnforceStep& step, const Target& target) {
  const std::string& table = target.table.name;
  struct NameOf {
    const std::string& table;
    const Target& target;
    std::string operator()(const EnforceNotNull& made) const {
      return object_name(table, {made.column}, "not_null_check");
    }
    std::string operator()(const EnforceUnique& made) const {
      return made.name.value_or(object_name(table, made.columns, "key"));
    }
    std::string operator()(const EnforceCheck& made) const {
      return made.name.value_or(
          object_name(table, columns_mentioned(made.expression, target), "check"));
    }
    std::string operator()(const EnforceForeignKey& made) const {
      return made.name.value_or(object_name(table, made.columns, "fkey"));
    }
    std::string operator()(const EnforceIndex& made) const {
      return made.name.value_or(object_name(table, enforce_columns(made), "idx"));
    }
    std::string operator()(const EnforceDefault&) const { return {}; }
  };
  return std::visit(NameOf{table, target}, step);
}

std::vector<std::string> enforce_columns(const EnforceStep& step) {
  struct ColumnsOf {
    std::vector<std::string> operator()(const EnforceNotNull& made) const { return {made.column}; }
    std::vector<std::string> operator()(const EnforceUnique& made) const { return made.columns; }
    std::vector<std::string> operator()(const EnforceCheck&) const { return {}; }
    std::vector<std::string> operator()(const EnforceForeignKey& made) const {
      return made.columns;
    }
    std::vector<std::string> operator()(const EnforceIndex& made) const {
      std::vector<std::string> columns;
      for (const EnforceIndex::Element& element : made.elements) {
        if (element.is_column) columns.push_back(element.text);
      }
      return columns;
    }
    std::vector<std::string> operator()(const EnforceDefault& made) const { return {made.column}; }
  };
  return std::visit(ColumnsOf{}, step);
}

}  // namespace backfill
