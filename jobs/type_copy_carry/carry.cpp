#include "jobs/type_copy_carry/carry.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "core/sql_text.hpp"

namespace backfill {

Carry::Carry(const std::vector<CarriedColumn>& columns, const Dependants& dependants,
             CarryDirection direction)
    : columns_(columns), found_(dependants), direction_(direction) {}

std::string Carry::incoming(std::string_view name) const {
  return suffixed_name(name, forward() ? incoming_suffix : parked_suffix);
}

std::string Carry::parked(std::string_view name) const {
  return suffixed_name(name, forward() ? parked_suffix : incoming_suffix);
}

ColumnNames Carry::names(const QualifiedName& table) const {
  ColumnNames names;
  for (const CarriedColumn& column : columns_) {
    if (column.table == table) names[column.name] = column.incoming;
  }
  return names;
}

std::string Carry::not_null_name(const CarriedColumn& column) const {
  return incoming(fmt::format("{}_{}_not_null", column.table.name, column.name));
}

std::string Carry::text(std::string_view kind, std::string_view object, const std::string& now) {
  const std::string key = fmt::format("{} {}", kind, object);
  if (forward()) {
    memory_[key] = now;
    return now;
  }
  const auto remembered = found_.memory.find(key);
  return remembered == found_.memory.end() ? now : remembered->second;
}

void Carry::step(std::string what, OnlineDdl ddl, std::string done_when, std::string undo) {
  plan_.before_switch.push_back(
      {std::move(what), std::move(ddl), std::move(done_when), std::move(undo)});
}

void Carry::refuse() {
  plan_.refused = found_.uncarried;
  refuse_columns();
  refuse_indexes();
  refuse_recreated();
}

/// Planner statistics of the incoming columns and expression indexes must be there before the first
/// query of the application meets them.
void Carry::analyze() {
  std::vector<QualifiedName> done;
  for (const CarriedColumn& column : columns_) {
    if (std::ranges::find(done, column.table) != done.end()) continue;
    done.push_back(column.table);
    const std::string table = quote_name(column.table);
    step(fmt::format("ANALYZE {}: statistics of the new column and indexes", said(column.table)),
         {"ANALYZE " + table,
          DdlShape::scan,
          "SHARE UPDATE EXCLUSIVE on the table while a sample is read: reads and writes go on",
          {}},
         fmt::format(
             "SELECT pg_catalog.pg_relation_size({0}::pg_catalog.regclass) = 0 OR EXISTS (SELECT "
             "FROM pg_catalog.pg_stats WHERE schemaname = {1} AND tablename = {2} AND attname = "
             "{3})",
             quote_literal(table), quote_literal(column.table.schema.value_or("")),
             quote_literal(column.table.name), quote_literal(column.incoming)),
         "");
    plan_.before_switch.back().once = true;
  }
}

/// The memory lives in the comment of a column that goes with `drop`: it commits with the switch,
/// and needs no table of ours.
void Carry::write_memory() {
  if (!forward() || memory_.empty()) return;
  const CarriedColumn& column = columns_.front();
  after(comment_on(
      fmt::format("COLUMN {}.{}", quote_name(column.table), quote_identifier(column.parked)),
      std::string(memory_comment) + json_object(memory_)));
}

void Carry::list_locks() {
  std::vector<QualifiedName>& locks = plan_.in_switch.locks;
  for (const CarriedColumn& column : columns_) locks.push_back(column.table);
  for (const ForeignKeyFacts& key : found_.foreign_keys) {
    locks.push_back(key.table);
    locks.push_back(key.references);
  }
  // One order for everybody who switches, so that two jobs wait for each other and never both.
  std::ranges::sort(locks, {}, [](const QualifiedName& name) { return quote_name(name); });
  const auto repeated = std::ranges::unique(locks);
  locks.erase(repeated.begin(), repeated.end());
}

void Carry::check_unchanged() {
  plan_.in_switch.unchanged = fmt::format(
      "DO $unchanged$ BEGIN IF ({}) <> {} THEN RAISE EXCEPTION 'what hangs on the columns is no "
      "longer as it was' USING ERRCODE = 'BF004'; END IF; END $unchanged$",
      found_.print_sql, quote_literal(found_.print));
}

std::string said(const QualifiedName& name) {
  return name_text(name);
}

std::string said_part(const QualifiedName& table, std::string_view part) {
  return fmt::format("{}.{}", said(table), name_text(part));
}

QualifiedName beside(const QualifiedName& table, std::string_view name) {
  return {table.schema, std::string(name)};
}

std::string alter_table(const QualifiedName& table, std::string_view action) {
  return fmt::format("ALTER TABLE {} {}", quote_name(table), action);
}

std::string alter_column(const QualifiedName& table, std::string_view column,
                         std::string_view action) {
  return alter_table(table, fmt::format("ALTER COLUMN {} {}", quote_identifier(column), action));
}

std::string comment_on(std::string_view object, const std::optional<std::string>& comment) {
  return fmt::format("COMMENT ON {} IS {}", object, comment ? quote_literal(*comment) : "NULL");
}

std::string list_of(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string column_list(const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(quote_identifier(column));
  return list_of(quoted);
}

std::vector<std::string> grants_on(std::string_view object, std::string_view column,
                                   const std::vector<Grant>& grants) {
  std::vector<std::string> statements;
  const std::string of = column.empty() ? "" : fmt::format(" ({})", quote_identifier(column));
  for (const Grant& grant : grants) {
    statements.push_back(fmt::format("GRANT {}{} ON {} TO {}{}", grant.privilege, of, object,
                                     grant.grantee, grant.grantable ? " WITH GRANT OPTION" : ""));
  }
  return statements;
}

std::string revoke_defaults(std::string_view kind, std::string_view relation) {
  return fmt::format(
      "DO $carry$ DECLARE someone text; BEGIN FOR someone IN SELECT DISTINCT CASE WHEN x.grantee = "
      "0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END FROM "
      "pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS x WHERE c.oid = "
      "{1}::pg_catalog.regclass AND x.grantee <> c.relowner LOOP EXECUTE pg_catalog.format('REVOKE "
      "ALL ON {0} %s FROM %s', {1}, someone); END LOOP; END $carry$",
      kind, quote_literal(relation));
}

std::optional<std::string> integer_type(std::string_view type) {
  std::string word;
  for (const char letter : type) {
    if (letter != ' ')
      word += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
  }
  if (word.starts_with("pg_catalog.")) word.erase(0, 11);
  if (word == "smallint" || word == "int2") return "smallint";
  if (word == "integer" || word == "int" || word == "int4") return "integer";
  if (word == "bigint" || word == "int8") return "bigint";
  return std::nullopt;
}

std::string json_object(const std::map<std::string, std::string>& texts) {
  const auto quoted = [](const std::string& text) {
    std::string json = "\"";
    for (const char letter : text) {
      const auto code = static_cast<unsigned char>(letter);
      if (letter == '"' || letter == '\\') json += '\\';
      json += code < 0x20 ? fmt::format("\\u{:04x}", code) : std::string(1, letter);
    }
    return json + "\"";
  };
  std::vector<std::string> members;
  for (const auto& [key, value] : texts) members.push_back(quoted(key) + ": " + quoted(value));
  return fmt::format("{{{}}}", list_of(members));
}

}  // namespace backfill
