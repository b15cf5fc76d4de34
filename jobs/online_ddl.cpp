#include "jobs/online_ddl.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/sql_text.hpp"

namespace backfill {

namespace {

constexpr std::string_view exclusive_instant = "ACCESS EXCLUSIVE on the table, for an instant";
constexpr std::string_view share_update_build =
    "SHARE UPDATE EXCLUSIVE on the table while the index is built: reads and writes go on, "
    "vacuum and other DDL wait; every transaction older than the build is waited out";

OnlineDdl alter(const QualifiedName& table, std::string action, std::string_view lock) {
  return {fmt::format("ALTER TABLE {} {}", quote_name(table), action), DdlShape::instant,
          std::string{lock}, std::nullopt};
}

QualifiedName beside(const QualifiedName& table, std::string name) {
  return {table.schema, std::move(name)};
}

}  // namespace

OnlineDdl add_constraint_not_valid(const QualifiedName& table, std::string_view name,
                                   ConstraintType type, std::string_view definition) {
  return alter(table,
               fmt::format("ADD CONSTRAINT {} {} NOT VALID", quote_identifier(name), definition),
               type == ConstraintType::check
                   ? exclusive_instant
                   : std::string_view{"SHARE ROW EXCLUSIVE on both tables, for an instant"});
}

OnlineDdl validate_constraint(const QualifiedName& table, std::string_view name,
                              ConstraintType type) {
  OnlineDdl ddl = alter(table, fmt::format("VALIDATE CONSTRAINT {}", quote_identifier(name)),
                        type == ConstraintType::check
                            ? "SHARE UPDATE EXCLUSIVE on the table while it is read: reads and "
                              "writes go on"
                            : "SHARE UPDATE EXCLUSIVE on the table and ROW SHARE on the "
                              "referenced one while they are read: reads and writes go on");
  ddl.shape = DdlShape::scan;
  return ddl;
}

OnlineDdl drop_constraint(const QualifiedName& table, std::string_view name, ConstraintType type) {
  return alter(table, fmt::format("DROP CONSTRAINT {}", quote_identifier(name)),
               type == ConstraintType::check
                   ? exclusive_instant
                   : std::string_view{"ACCESS EXCLUSIVE on both tables, for an instant"});
}

/// A `--` comment at the expression's end must not swallow the bracket.
std::string check_definition(std::string_view expression) {
  return fmt::format("CHECK (\n{}\n)", expression);
}

std::string not_null_definition(std::string_view column) {
  return fmt::format("CHECK ({} IS NOT NULL)", quote_identifier(column));
}

std::string foreign_key_definition(const ForeignKeyText& key) {
  std::string sql = fmt::format("FOREIGN KEY {} REFERENCES {} {}", index_columns(key.columns),
                                quote_name(key.references), index_columns(key.referenced));
  if (!key.actions.empty()) sql += " " + key.actions;
  return sql;
}

std::string index_columns(const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(quote_identifier(column));
  return fmt::format("({})", fmt::join(quoted, ", "));
}

OnlineDdl create_index_concurrently(const OnlineIndex& index) {
  return {fmt::format("CREATE {}INDEX CONCURRENTLY {} ON {} {}", index.unique ? "UNIQUE " : "",
                      quote_identifier(index.name), quote_name(index.table), index.definition),
          DdlShape::concurrent, std::string{share_update_build}, beside(index.table, index.name)};
}

OnlineDdl drop_index_concurrently(const QualifiedName& index) {
  return {
      fmt::format("DROP INDEX CONCURRENTLY {}", quote_name(index)), DdlShape::concurrent,
      "SHARE UPDATE EXCLUSIVE on the table; every transaction that uses the index is waited out",
      std::nullopt};
}

OnlineDdl add_constraint_using_index(const QualifiedName& table, std::string_view name,
                                     KeyType type, std::string_view index) {
  return alter(
      table,
      fmt::format("ADD CONSTRAINT {} {} USING INDEX {}", quote_identifier(name),
                  type == KeyType::unique ? "UNIQUE" : "PRIMARY KEY", quote_identifier(index)),
      exclusive_instant);
}

OnlineDdl drop_key_constraint(const QualifiedName& table, std::string_view name) {
  return alter(table, fmt::format("DROP CONSTRAINT {}", quote_identifier(name)), exclusive_instant);
}

OnlineDdl set_not_null(const QualifiedName& table, std::string_view column) {
  return alter(table, fmt::format("ALTER COLUMN {} SET NOT NULL", quote_identifier(column)),
               "ACCESS EXCLUSIVE on the table, for an instant: a validated CHECK spares the scan");
}

OnlineDdl drop_not_null(const QualifiedName& table, std::string_view column) {
  return alter(table, fmt::format("ALTER COLUMN {} DROP NOT NULL", quote_identifier(column)),
               exclusive_instant);
}

OnlineDdl set_default(const QualifiedName& table, std::string_view column,
                      std::string_view expression) {
  return alter(
      table,
      fmt::format("ALTER COLUMN {} SET DEFAULT (\n{}\n)", quote_identifier(column), expression),
      "ACCESS EXCLUSIVE on the table, for an instant: no row is touched");
}

OnlineDdl drop_default(const QualifiedName& table, std::string_view column) {
  return alter(table, fmt::format("ALTER COLUMN {} DROP DEFAULT", quote_identifier(column)),
               exclusive_instant);
}

OnlineDdl drop_column(const QualifiedName& table, std::string_view column) {
  return alter(table, fmt::format("DROP COLUMN {}", quote_identifier(column)), exclusive_instant);
}

}  // namespace backfill
