#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_carry/carry.hpp"

/// Check constraints, and foreign keys in both directions. Both are dropped from the parked column
/// in the switch: what they hold there they hold on the new one.
namespace backfill {

namespace {

std::string constraint_exists(const QualifiedName& table, std::string_view name, bool validated) {
  return fmt::format(
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = "
      "{}::pg_catalog.regclass AND conname = {}{})",
      quote_literal(quote_name(table)), quote_literal(name), validated ? " AND convalidated" : "");
}

std::string drop_if_exists(const QualifiedName& table, std::string_view name) {
  return alter_table(table, "DROP CONSTRAINT IF EXISTS " + quote_identifier(name));
}

std::string object_of(std::string_view kind, const QualifiedName& table, std::string_view name) {
  return fmt::format("{} {} on {}", kind, name_text(name), said(table));
}

std::string actions_of(const ForeignKeyFacts& key, const ColumnNames& names) {
  std::vector<std::string> parts;
  if (!key.match.empty()) parts.push_back(key.match);
  if (!key.on_update.empty()) parts.push_back(key.on_update);
  if (!key.on_delete.empty()) parts.push_back(key.on_delete);
  if (!key.on_delete_columns.empty()) {
    std::vector<std::string> columns;
    for (const std::string& column : key.on_delete_columns) {
      const auto found = names.find(column);
      columns.push_back(found == names.end() ? column : found->second);
    }
    parts.push_back(fmt::format("({})", column_list(columns)));
  }
  if (key.deferrable) parts.emplace_back("DEFERRABLE");
  if (key.deferred) parts.emplace_back("INITIALLY DEFERRED");
  return fmt::format("{}", fmt::join(parts, " "));
}

std::vector<std::string> renamed(const std::vector<std::string>& columns,
                                 const ColumnNames& names) {
  std::vector<std::string> result;
  for (const std::string& column : columns) {
    const auto found = names.find(column);
    result.push_back(found == names.end() ? column : found->second);
  }
  return result;
}

std::string rename_constraint(const QualifiedName& table, std::string_view from,
                              std::string_view to) {
  return alter_table(table, fmt::format("RENAME CONSTRAINT {} TO {}", quote_identifier(from),
                                        quote_identifier(to)));
}

}  // namespace

void Carry::build_checks() {
  for (const CheckFacts& check : found_.checks) {
    const std::string name = incoming(check.name);
    planned_.push_back({BuiltFacts::Kind::constraint, check.table, beside(check.table, name)});
    const std::string named = said_part(check.table, check.name);
    std::string definition = check_definition(
        rename_columns(text("check", named, check.expression), names(check.table)));
    if (check.no_inherit) definition += " NO INHERIT";
    const std::string object = object_of("check constraint", check.table, check.name);
    step(fmt::format("{}: added for new rows", object),
         add_constraint_not_valid(check.table, name, ConstraintType::check, definition),
         constraint_exists(check.table, name, false), drop_if_exists(check.table, name));
    if (check.validated) {
      step(fmt::format("{}: holds for all rows", object),
           validate_constraint(check.table, name, ConstraintType::check),
           constraint_exists(check.table, name, true), "");
    }
    carried(fmt::format("{}: NOT VALID, then VALIDATE, takes its name in the switch", object));
  }
}

void Carry::build_key(const ForeignKeyFacts& key) {
  const std::string name = incoming(key.name);
  planned_.push_back({BuiltFacts::Kind::constraint, key.table, beside(key.table, name)});
  const ColumnNames own = names(key.table);
  ForeignKeyText text;
  text.columns = renamed(key.columns, own);
  text.references = key.references;
  text.referenced = renamed(key.referenced, names(key.references));
  text.actions = actions_of(key, own);
  const std::string object = object_of("foreign key", key.table, key.name);
  step(fmt::format("{}: added for new rows", object),
       add_constraint_not_valid(key.table, name, ConstraintType::foreign_key,
                                foreign_key_definition(text)),
       constraint_exists(key.table, name, false), drop_if_exists(key.table, name));
  if (key.validated) {
    step(fmt::format("{}: holds for all rows", object),
         validate_constraint(key.table, name, ConstraintType::foreign_key),
         constraint_exists(key.table, name, true), "");
  }
  carried(fmt::format("{} to {}: NOT VALID, then VALIDATE, takes its name in the switch", object,
                      said(key.references)));
}

/// Behind the indexes: a foreign key needs a unique index on what it references, and is content
/// with one that no constraint owns yet.
void Carry::build_foreign_keys() {
  for (const ForeignKeyFacts& key : found_.foreign_keys) {
    if (key.partitioned) {
      plan_.refused.push_back({object_of("foreign key", key.table, key.name),
                               "one of its tables is partitioned, and the server adds a foreign "
                               "key there only under a lock that lasts",
                               "drop it before the job and add it again after the switch"});
      continue;
    }
    build_key(key);
  }
}

void Carry::drop_foreign_keys() {
  for (const ForeignKeyFacts& key : found_.foreign_keys) {
    before(drop_constraint(key.table, key.name, ConstraintType::foreign_key).sql);
  }
}

void Carry::drop_checks() {
  for (const CheckFacts& check : found_.checks) {
    before(drop_constraint(check.table, check.name, ConstraintType::check).sql);
  }
}

void Carry::take_constraints() {
  const auto take = [&](const QualifiedName& table, const std::string& name,
                        const std::optional<std::string>& comment) {
    after(rename_constraint(table, incoming(name), name));
    if (!comment) return;
    after(comment_on(fmt::format("CONSTRAINT {} ON {}", quote_identifier(name), quote_name(table)),
                     comment));
  };
  for (const CheckFacts& check : found_.checks) take(check.table, check.name, check.comment);
  for (const ForeignKeyFacts& key : found_.foreign_keys) take(key.table, key.name, key.comment);
}

void Carry::try_constraints() {
  if (!forward()) return;
  for (const CheckFacts& check : found_.checks) {
    plan_.trials.push_back({object_of("check constraint", check.table, check.name),
                            fmt::format("SELECT FROM {} WHERE false AND ({})",
                                        aliased_scope(check.table), check.expression),
                            "drop it before the job and add a fitting one after the switch"});
  }
  for (const ForeignKeyFacts& key : found_.foreign_keys) {
    std::vector<std::string> pairs;
    for (std::size_t i = 0; i < key.columns.size() && i < key.referenced.size(); ++i) {
      pairs.push_back(fmt::format("referencing.{} = referenced.{}",
                                  quote_identifier(key.columns[i]),
                                  quote_identifier(key.referenced[i])));
    }
    plan_.trials.push_back(
        {object_of("foreign key", key.table, key.name),
         fmt::format("SELECT FROM {} AS referencing JOIN {} AS referenced ON {} WHERE false",
                     scope(key.table), scope(key.references), fmt::join(pairs, " AND ")),
         "change both of its columns in one job (`include_references: true`), or drop it"});
  }
}

}  // namespace backfill
