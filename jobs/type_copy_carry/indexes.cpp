#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_carry/carry.hpp"

/// Indexes, and the keys that own some of them. Unique ones are dropped from the parked column in
/// the switch, since two values of the new type may be one of the old; others are parked with it,
/// which makes the way back short.
namespace backfill {

namespace {

using Owner = IndexFacts::Owner;

QualifiedName name_of(const IndexFacts& index) {
  return {index.schema, index.name};
}

std::string kind_of(const IndexFacts& index) {
  if (index.owner == Owner::primary_key) return "primary key";
  if (index.owner == Owner::unique) return "unique constraint";
  return index.unique ? "unique index" : "index";
}

std::string index_exists(const QualifiedName& index, std::string_view more) {
  return fmt::format(
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = "
      "pg_catalog.to_regclass({}) AND i.indisvalid{})",
      quote_literal(quote_name(index)), more);
}

std::string rename_index(const QualifiedName& index, std::string_view to) {
  return fmt::format("ALTER INDEX {} RENAME TO {}", quote_name(index), quote_identifier(to));
}

}  // namespace

void Carry::refuse_indexes() {
  for (const IndexFacts& index : found_.indexes) {
    const std::string object = fmt::format("{} {}", kind_of(index), said(name_of(index)));
    if (index.owner == Owner::exclusion) {
      plan_.refused.push_back(
          {fmt::format("exclusion constraint {} on {}", name_text(index.constraint_name),
                       said(index.table)),
           "the server can build its index only under a lock that stops all writes",
           "drop it before the job and add it again after the switch"});
    } else if (!index.valid) {
      plan_.refused.push_back(
          {object, "it is not valid",
           fmt::format("REINDEX INDEX CONCURRENTLY {0}, or DROP INDEX {0}", said(name_of(index)))});
    } else if (!read_index_text(index.definition)) {
      plan_.refused.push_back({object, "its definition cannot be read: " + index.definition,
                               "drop it before the job and make it again after the switch"});
    }
  }
}

/// The unique ones last: while there are two of a key, ON CONFLICT settles a conflict by one of
/// them, and two sessions that insert a new key at once may fail at the other.
void Carry::build_indexes() {
  for (const IndexFacts& index : found_.indexes) {
    if (!index.unique) build_index(index);
  }
  for (const IndexFacts& index : found_.indexes) {
    if (index.unique) build_index(index);
  }
}

void Carry::build_index(const IndexFacts& index) {
  const auto definition = read_index_text(text("index", said(name_of(index)), index.definition));
  if (!definition || index.owner == Owner::exclusion) return;
  const QualifiedName built{index.schema, incoming(index.name)};
  OnlineIndex online;
  online.table = index.table;
  online.name = built.name;
  online.unique = index.unique;
  planned_.push_back({BuiltFacts::Kind::index, index.table, built});
  online.definition = index_body(*definition, index.tablespace, names(index.table));
  const std::string object = fmt::format("{} {}", kind_of(index), said(name_of(index)));
  step(fmt::format("{}: built on the new column", object), create_index_concurrently(online),
       index_exists(built, ""),
       fmt::format("DROP INDEX CONCURRENTLY IF EXISTS {}", quote_name(built)));
  for (const std::string& target : index.statistics) {
    const std::size_t split = target.find('=');
    const std::string number = target.substr(0, split);
    const std::string value = target.substr(split + 1);
    step(fmt::format("{}: statistics target of its column {}", object, number),
         {fmt::format("ALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}", quote_name(built), number,
                      value),
          DdlShape::instant,
          "SHARE UPDATE EXCLUSIVE on the index, for an instant",
          {}},
         fmt::format("SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = "
                     "pg_catalog.to_regclass({}) AND attnum = {} AND attstattarget = {})",
                     quote_literal(quote_name(built)), number, value),
         "");
  }
  carried(fmt::format("{}: built CONCURRENTLY on the new column, takes its name in the switch{}",
                      object,
                      index.unique ? "; until then INSERT … ON CONFLICT on it may fail with 23505 "
                                     "where two sessions insert the same new key at once"
                                   : ""));
}

void Carry::drop_keys() {
  for (const IndexFacts& index : found_.indexes) {
    if (index.owner == Owner::exclusion) continue;
    if (index.owner != Owner::none) {
      before(drop_key_constraint(index.table, index.constraint_name).sql);
    } else if (index.unique) {
      before("DROP INDEX " + quote_name(name_of(index)));
    }
  }
}

void Carry::take_indexes() {
  for (const IndexFacts& index : found_.indexes) {
    if (index.owner != Owner::none) continue;
    if (!index.unique) after(rename_index(name_of(index), parked(index.name)));
    after(rename_index({index.schema, incoming(index.name)}, index.name));
    if (index.comment) {
      after(comment_on("INDEX " + quote_name(name_of(index)), index.comment));
    }
  }
}

void Carry::take_keys() {
  for (const IndexFacts& index : found_.indexes) {
    if (index.owner != Owner::primary_key && index.owner != Owner::unique) continue;
    const KeyType type = index.owner == Owner::primary_key ? KeyType::primary : KeyType::unique;
    std::string sql =
        add_constraint_using_index(index.table, index.constraint_name, type, incoming(index.name))
            .sql;
    if (index.deferrable) sql += " DEFERRABLE";
    if (index.deferred) sql += " INITIALLY DEFERRED";
    after(std::move(sql));
    if (index.comment) {
      after(comment_on("INDEX " + quote_name(name_of(index)), index.comment));
    }
    if (index.constraint_comment) {
      after(comment_on(fmt::format("CONSTRAINT {} ON {}", quote_identifier(index.constraint_name),
                                   quote_name(index.table)),
                       index.constraint_comment));
    }
  }
}

void Carry::take_marks() {
  for (const IndexFacts& index : found_.indexes) {
    if (index.clustered) {
      after(alter_table(index.table, "CLUSTER ON " + quote_identifier(index.name)));
    }
    if (index.replica_identity) {
      after(
          alter_table(index.table, "REPLICA IDENTITY USING INDEX " + quote_identifier(index.name)));
    }
  }
}

/// Only a query can ask whether an operator class takes a type: it gives a row when none does.
void Carry::try_operator_class(const IndexFacts& index, const IndexText& text,
                               const IndexText::Key& key) {
  std::string chosen = "o.opcdefault";
  if (!key.operator_class.empty()) {
    const auto parsed = parse_qualified_name(key.operator_class);
    chosen =
        fmt::format("o.opcname = {}", quote_literal(parsed ? parsed->name : key.operator_class));
  }
  std::string sql = fmt::format(
      "SELECT 'type ' || pg_catalog.format_type(k.type, NULL) || ' has no operator class {4}' FROM "
      "(SELECT pg_catalog.pg_typeof((SELECT {0} FROM {1} WHERE false))::oid AS type) AS k WHERE "
      "NOT "
      "EXISTS (SELECT FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_opclass AS o ON {2} JOIN "
      "pg_catalog.pg_am AS a ON a.oid = o.opcmethod AND a.amname = {3} WHERE t.oid = CASE WHEN "
      "(SELECT d.typtype FROM pg_catalog.pg_type AS d WHERE d.oid = k.type) = 'd' THEN (SELECT "
      "d.typbasetype FROM pg_catalog.pg_type AS d WHERE d.oid = k.type) ELSE k.type END AND "
      "(o.opcintype = t.oid OR EXISTS (SELECT FROM pg_catalog.pg_cast AS c WHERE c.castsource = "
      "t.oid AND c.casttarget = o.opcintype AND c.castmethod = 'b' AND c.castcontext = 'i') OR "
      "CASE o.opcintype::pg_catalog.regtype::text WHEN 'anyarray' THEN t.typcategory = 'A' WHEN "
      "'anyenum' THEN t.typtype = 'e' WHEN 'anyrange' THEN t.typtype = 'r' WHEN 'anymultirange' "
      "THEN t.typtype = 'm' WHEN 'record' THEN t.typtype = 'c' ELSE false END))",
      key.expression, aliased_scope(index.table), chosen, quote_literal(text.method),
      key.operator_class.empty() ? "for " + text.method : key.operator_class);
  plan_.trials.push_back({fmt::format("{} {}", kind_of(index), said(name_of(index))),
                          std::move(sql),
                          "drop it before the job and make a fitting one after the switch"});
}

void Carry::try_indexes() {
  for (const IndexFacts& index : found_.indexes) {
    const auto text = read_index_text(index.definition);
    if (!text || index.owner == Owner::exclusion || !forward()) continue;
    std::vector<std::string> keys;
    for (const IndexText::Key& key : text->keys) {
      keys.push_back(key.expression);
      try_operator_class(index, *text, key);
    }
    const std::string where =
        text->predicate.empty() ? "" : fmt::format(" AND ({})", text->predicate);
    plan_.trials.push_back({fmt::format("{} {}", kind_of(index), said(name_of(index))),
                            fmt::format("SELECT {} FROM {} WHERE false{}", list_of(keys),
                                        aliased_scope(index.table), where),
                            "drop it before the job and make a fitting one after the switch"});
  }
}

}  // namespace backfill
