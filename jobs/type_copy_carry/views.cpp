#include <algorithm>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "core/sql_text.hpp"
#include "jobs/type_copy_carry/carry.hpp"

/// Views are dropped, outermost first, and made again, innermost first: CREATE OR REPLACE cannot
/// change the type of a column.
namespace backfill {

/// Giving a view to its owner does nothing but lock it.
void Carry::lock_views() {
  for (const ViewFacts& view : found_.views | std::views::reverse) {
    plan_.in_switch.view_locks.push_back(
        fmt::format("ALTER VIEW {} OWNER TO {}", quote_name(view.name), view.owner));
  }
}

void Carry::drop_views() {
  for (const ViewFacts& view : found_.views | std::views::reverse) {
    plan_.in_switch.views.push_back("DROP VIEW " + quote_name(view.name));
  }
}

void Carry::create_view(const ViewFacts& view) {
  const std::string name = quote_name(view.name);
  const std::string options =
      view.options.empty() ? "" : fmt::format(" WITH ({})", list_of(view.options));
  after(fmt::format("CREATE VIEW {}{} AS {}", name, options,
                    text("view", said(view.name), view.query)));
  after(fmt::format("ALTER VIEW {} OWNER TO {}", name, view.owner));
  for (const RecreatedFacts& thing : view.belongings) {
    after(thing.definition);
    if (thing.comment) {
      const bool rule = thing.kind == RecreatedFacts::Kind::rule;
      after(comment_on(
          fmt::format("{} {} ON {}", rule ? "RULE" : "TRIGGER", quote_identifier(thing.name), name),
          thing.comment));
    }
  }
  after(revoke_defaults("TABLE", name));
  if (!view.default_grants) after(fmt::format("REVOKE ALL ON TABLE {} FROM {}", name, view.owner));
  std::vector<std::string> grants;
  if (!view.default_grants) grants = grants_on("TABLE " + name, "", view.grants);
  for (const ViewFacts::Column& column : view.columns) {
    const std::string named = quote_identifier(column.name);
    std::ranges::move(grants_on("TABLE " + name, column.name, column.grants),
                      std::back_inserter(grants));
    if (column.default_sql) {
      after(fmt::format("ALTER VIEW {} ALTER COLUMN {} SET DEFAULT {}", name, named,
                        *column.default_sql));
    }
    if (column.comment) {
      after(comment_on(fmt::format("COLUMN {}.{}", name, named), column.comment));
    }
  }
  for (std::string& grant : grants) after(std::move(grant));
  if (view.comment) after(comment_on("VIEW " + name, view.comment));
  carried(fmt::format("view {}: made again in the switch, with its owner, grants and comments",
                      said(view.name)));
}

void Carry::create_views() {
  for (const ViewFacts& view : found_.views) create_view(view);
}

std::string Carry::scope(const QualifiedName& table) const {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].table != table) continue;
    const ColumnFacts& facts = found_.columns[i];
    const std::string collation = i < plan_.add_clauses.size() ? plan_.add_clauses[i] : "";
    parts.push_back(fmt::format("CAST(NULL AS {}){} AS {}", columns_[i].type, collation,
                                quote_identifier(columns_[i].name)));
    // Once for the table: each of its columns knows all others.
    if (parts.size() > 1) continue;
    const ColumnNames changed = names(table);
    for (const std::string& other : facts.other_columns) {
      if (!changed.contains(other)) parts.push_back(quote_identifier(other));
    }
  }
  if (parts.empty()) return quote_name(table);
  // OFFSET 0 keeps the planner from folding expressions over the NULLs away.
  return fmt::format("(SELECT {} FROM {} OFFSET 0)", list_of(parts), quote_name(table));
}

std::string Carry::aliased_scope(const QualifiedName& table) const {
  return fmt::format("{} AS {}", scope(table), quote_identifier(table.name));
}

/// A view is tried with its tables as they will be, and with its views as they have been tried.
void Carry::try_views() {
  if (!forward()) return;
  std::vector<std::pair<QualifiedName, std::string>> sources;
  for (const CarriedColumn& column : columns_) {
    const auto same = [&](const auto& source) { return source.first == column.table; };
    if (std::ranges::any_of(sources, same)) continue;
    sources.emplace_back(column.table, scope(column.table));
  }
  for (const ViewFacts& view : found_.views) {
    std::string query = view.query;
    for (const auto& [relation, source] : sources) {
      query = replace_relation(query, relation, source);
    }
    plan_.trials.push_back({"view " + said(view.name),
                            fmt::format("SELECT FROM ({}) AS tried WHERE false", query),
                            "drop it before the job and make a fitting one after the switch"});
    sources.emplace_back(view.name, fmt::format("({})", query));
  }
}

}  // namespace backfill
