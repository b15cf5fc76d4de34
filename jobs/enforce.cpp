#include "jobs/enforce.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"

namespace backfill {

namespace {

/// In a subquery the job's own table keeps its name; no table of the user's is called this.
constexpr std::string_view referenced_alias = "backfill_referenced";
constexpr std::string_view violations_limit = " LIMIT 10";

template <class... Handlers>
struct Visitor : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Visitor(Handlers...) -> Visitor<Handlers...>;

std::string reference(const Target& target, const std::string& column) {
  return quote_identifier(target.table.name) + "." + quote_identifier(column);
}

std::string key_texts(const Target& target) {
  std::vector<std::string> texts;
  for (const KeyColumn& column : target.key.columns) {
    texts.push_back(reference(target, column.name) + "::text");
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string element_sql(const EnforceIndex::Element& element) {
  return element.is_column ? quote_identifier(element.text) : element.text;
}

OnlineIndex index_of(const EnforceIndex& step, const Target& target, const std::string& name) {
  OnlineIndex index;
  index.table = target.table;
  index.name = name;
  std::vector<std::string> elements;
  for (const EnforceIndex::Element& element : step.elements) {
    elements.push_back(element_sql(element));
  }
  if (step.method) index.definition = fmt::format("USING {} ", quote_identifier(*step.method));
  index.definition += fmt::format("({})", fmt::join(elements, ", "));
  if (step.where) index.definition += fmt::format(" WHERE (\n{}\n)", *step.where);
  return index;
}

std::string foreign_key_of(const EnforceForeignKey& step) {
  ForeignKeyText key;
  key.columns = step.columns;
  key.references = step.references;
  key.referenced = step.referenced;
  if (!step.on_delete.empty()) {
    key.actions = "ON DELETE ";
    for (const char letter : step.on_delete) {
      key.actions +=
          letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
  }
  return foreign_key_definition(key);
}

}  // namespace

EnforceSql::EnforceSql(EnforceStep step, Target target)
    : step_(std::move(step)), target_(std::move(target)), name_(enforce_name(step_, target_)) {}

std::optional<OnlineDdl> EnforceSql::add_or_validate(const EnforceState& state, ConstraintType type,
                                                     const std::string& definition) const {
  if (!state.constraint) return add_constraint_not_valid(target_.table, name_, type, definition);
  if (!state.constraint->validated) return validate_constraint(target_.table, name_, type);
  return std::nullopt;
}

OnlineIndex EnforceSql::index() const {
  if (const auto* plain = std::get_if<EnforceIndex>(&step_)) {
    return index_of(*plain, target_, name_);
  }
  OnlineIndex index;
  index.table = target_.table;
  index.name = name_;
  index.unique = true;
  index.definition = index_columns(std::get<EnforceUnique>(step_).columns);
  return index;
}

/// An invalid index is what an interrupted build has left: no build can be taken up again.
std::optional<OnlineDdl> EnforceSql::build(const EnforceState& state) const {
  if (!state.index) return create_index_concurrently(index());
  if (!state.index->valid) return drop_index_concurrently({target_.table.schema, name_});
  return std::nullopt;
}

std::optional<OnlineDdl> EnforceSql::next(const EnforceState& state) const {
  const QualifiedName& table = target_.table;
  return std::visit(
      Visitor{[&](const EnforceNotNull& step) -> std::optional<OnlineDdl> {
                if (state.column_not_null) {
                  // The column says it now; a CHECK beside it would only cost.
                  if (!state.constraint) return std::nullopt;
                  return drop_constraint(table, name_, ConstraintType::check);
                }
                auto ddl =
                    add_or_validate(state, ConstraintType::check, not_null_definition(step.column));
                return ddl ? ddl : set_not_null(table, step.column);
              },
              [&](const EnforceUnique&) -> std::optional<OnlineDdl> {
                if (state.constraint) return std::nullopt;
                auto ddl = build(state);
                return ddl ? ddl : add_constraint_using_index(table, name_, KeyType::unique, name_);
              },
              [&](const EnforceCheck& step) {
                return add_or_validate(state, ConstraintType::check,
                                       check_definition(step.expression));
              },
              [&](const EnforceForeignKey& step) {
                return add_or_validate(state, ConstraintType::foreign_key, foreign_key_of(step));
              },
              [&](const EnforceIndex&) { return build(state); },
              [&](const EnforceDefault& step) -> std::optional<OnlineDdl> {
                return set_default(table, step.column, step.expression);
              }},
      step_);
}

/// Walks through the states that the statements lead to.
std::vector<OnlineDdl> EnforceSql::all() const {
  std::vector<OnlineDdl> statements;
  EnforceState state;
  constexpr std::size_t longest_walk = 4;
  while (statements.size() < longest_walk) {
    auto ddl = next(state);
    if (!ddl) break;
    statements.push_back(*std::move(ddl));
    const bool is_key = std::holds_alternative<EnforceUnique>(step_);
    const bool is_not_null = std::holds_alternative<EnforceNotNull>(step_);
    if (std::holds_alternative<EnforceDefault>(step_)) break;
    if (is_key || std::holds_alternative<EnforceIndex>(step_)) {
      if (state.index) state.constraint = EnforceState::Constraint{'u', true};
      if (!state.index) state.index = EnforceState::Index{true, false};
    } else if (!state.constraint) {
      state.constraint = EnforceState::Constraint{'c', false};
    } else if (!state.constraint->validated) {
      state.constraint->validated = true;
    } else if (is_not_null && !state.column_not_null) {
      state.column_not_null = true;
    } else {
      break;
    }
  }
  return statements;
}

std::optional<OnlineDdl> EnforceSql::undo(const EnforceState& state,
                                          const std::optional<std::string>& old_default) const {
  const QualifiedName& table = target_.table;
  return std::visit(Visitor{[&](const EnforceNotNull& step) -> std::optional<OnlineDdl> {
                              if (state.constraint)
                                return drop_constraint(table, name_, ConstraintType::check);
                              if (state.column_not_null) return drop_not_null(table, step.column);
                              return std::nullopt;
                            },
                            [&](const EnforceUnique&) -> std::optional<OnlineDdl> {
                              if (state.constraint) return drop_key_constraint(table, name_);
                              if (state.index)
                                return drop_index_concurrently({table.schema, name_});
                              return std::nullopt;
                            },
                            [&](const EnforceCheck&) -> std::optional<OnlineDdl> {
                              if (!state.constraint) return std::nullopt;
                              return drop_constraint(table, name_, ConstraintType::check);
                            },
                            [&](const EnforceForeignKey&) -> std::optional<OnlineDdl> {
                              if (!state.constraint) return std::nullopt;
                              return drop_constraint(table, name_, ConstraintType::foreign_key);
                            },
                            [&](const EnforceIndex&) -> std::optional<OnlineDdl> {
                              if (!state.index) return std::nullopt;
                              return drop_index_concurrently({table.schema, name_});
                            },
                            [&](const EnforceDefault& step) -> std::optional<OnlineDdl> {
                              return old_default ? set_default(table, step.column, *old_default)
                                                 : drop_default(table, step.column);
                            }},
                    step_);
}

std::vector<OnlineDdl> EnforceSql::undo_all(EnforceState state,
                                            const std::optional<std::string>& old_default) const {
  std::vector<OnlineDdl> statements;
  const bool is_default = std::holds_alternative<EnforceDefault>(step_);
  while (auto ddl = undo(state, old_default)) {
    statements.push_back(*std::move(ddl));
    if (is_default) break;
    if (state.constraint) {
      // A key's index goes with it.
      if (std::holds_alternative<EnforceUnique>(step_)) state.index.reset();
      state.constraint.reset();
    } else {
      state.index.reset();
      state.column_not_null = false;
    }
  }
  return statements;
}

/// MATCH SIMPLE: a key with a NULL in it refers to nothing and is no orphan.
std::string EnforceSql::is_orphan() const {
  const auto& step = std::get<EnforceForeignKey>(step_);
  std::vector<std::string> present;
  std::vector<std::string> equal;
  for (std::size_t i = 0; i < step.columns.size(); ++i) {
    const std::string own = reference(target_, step.columns[i]);
    present.push_back(own + " IS NOT NULL");
    equal.push_back(
        fmt::format("{}.{} = {}", referenced_alias, quote_identifier(step.referenced[i]), own));
  }
  return fmt::format("{} AND NOT EXISTS (SELECT FROM {} AS {} WHERE {})",
                     fmt::join(present, " AND "), quote_name(step.references), referenced_alias,
                     fmt::join(equal, " AND "));
}

std::optional<std::string> EnforceSql::violations() const {
  const std::string table = quote_name(target_.table);
  const auto rows_where = [&](const std::string& condition) {
    return fmt::format("SELECT {} FROM {} WHERE {}{}", key_texts(target_), table, condition,
                       violations_limit);
  };
  return std::visit(
      Visitor{[&](const EnforceNotNull& step) -> std::optional<std::string> {
                return rows_where(reference(target_, step.column) + " IS NULL");
              },
              [&](const EnforceUnique& step) -> std::optional<std::string> {
                std::vector<std::string> texts;
                std::vector<std::string> present;
                const std::string columns = index_columns(step.columns);
                for (const std::string& column : step.columns) {
                  texts.push_back(reference(target_, column) + "::text");
                  present.push_back(reference(target_, column) + " IS NOT NULL");
                }
                return fmt::format(
                    "SELECT {}, pg_catalog.count(*) FROM {} WHERE {} GROUP BY {} HAVING "
                    "pg_catalog.count(*) > 1{}",
                    fmt::join(texts, ", "), table, fmt::join(present, " AND "),
                    columns.substr(1, columns.size() - 2), violations_limit);
              },
              [&](const EnforceCheck& step) -> std::optional<std::string> {
                return rows_where(fmt::format("NOT (\n{}\n)", step.expression));
              },
              [&](const EnforceForeignKey&) -> std::optional<std::string> {
                return rows_where(is_orphan());
              },
              [&](const EnforceIndex&) -> std::optional<std::string> { return std::nullopt; },
              [&](const EnforceDefault&) -> std::optional<std::string> { return std::nullopt; }},
      step_);
}

std::string EnforceSql::violation_text(const std::vector<std::optional<std::string>>& row) const {
  std::vector<std::string> values;
  for (const auto& field : row) values.push_back(field.value_or("NULL"));
  const auto key = [&] { return fmt::format("key ({})", fmt::join(values, ", ")); };
  return std::visit(
      Visitor{[&](const EnforceNotNull& step) {
                return fmt::format("{}: {} is NULL", key(), name_text(step.column));
              },
              [&](const EnforceUnique& step) {
                const std::string count = values.empty() ? "" : values.back();
                if (!values.empty()) values.pop_back();
                std::vector<std::string> names;
                for (const std::string& column : step.columns) names.push_back(name_text(column));
                return fmt::format("({}) = ({}) is there {} times", fmt::join(names, ", "),
                                   fmt::join(values, ", "), count);
              },
              [&](const EnforceCheck&) { return key() + " breaks the check"; },
              [&](const EnforceForeignKey& step) {
                return fmt::format("{} refers to no row of {}", key(), name_text(step.references));
              },
              [&](const auto&) { return key(); }},
      step_);
}

std::optional<std::string> EnforceSql::mend_orphans(BoundShape shape) const {
  const auto* step = std::get_if<EnforceForeignKey>(&step_);
  if (step == nullptr || step->orphans == Orphans::refuse) return std::nullopt;
  const std::string table = quote_name(target_.table);
  const std::string where = key_predicate(target_, shape) + " AND " + is_orphan();
  if (step->orphans == Orphans::remove) return fmt::format("DELETE FROM {} WHERE {}", table, where);
  std::vector<std::string> nulls;
  for (const std::string& column : step->columns) {
    nulls.push_back(quote_identifier(column) + " = NULL");
  }
  return fmt::format("UPDATE {} SET {} WHERE {}", table, fmt::join(nulls, ", "), where);
}

}  // namespace backfill
