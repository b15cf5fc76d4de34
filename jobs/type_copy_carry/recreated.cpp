#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_carry/carry.hpp"

/// Triggers, rules, policies, functions and publications: made again from their texts behind the
/// rename. Statistics objects: made before it, under another name, so that ANALYZE can fill them.
namespace backfill {

namespace {

using Kind = RecreatedFacts::Kind;

std::string on_table(std::string_view kind, const RecreatedFacts& facts) {
  return fmt::format("{} {} ON {}", kind, quote_identifier(facts.name), quote_name(facts.table));
}

std::string_view enabling(char state) {
  if (state == 'D') return "DISABLE";
  return state == 'R' ? "ENABLE REPLICA" : "ENABLE ALWAYS";
}

/// `CREATE RULE` becomes `CREATE OR REPLACE RULE`, which keeps the rule's state and comment.
std::string or_replace(std::string definition) {
  constexpr std::string_view create = "CREATE RULE";
  if (definition.starts_with(create)) definition.insert(6, " OR REPLACE");
  return definition;
}

std::string policy_text(const RecreatedFacts& facts, const std::optional<std::string>& condition,
                        const std::optional<std::string>& check) {
  std::string sql = fmt::format("ALTER {}", on_table("POLICY", facts));
  if (condition) sql += fmt::format(" USING ({})", *condition);
  if (check) sql += fmt::format(" WITH CHECK ({})", *check);
  return sql;
}

std::string publication_text(const RecreatedFacts& facts) {
  std::string sql = fmt::format("ALTER PUBLICATION {} ADD TABLE {}", quote_identifier(facts.name),
                                quote_name(facts.table));
  if (!facts.columns.empty()) sql += fmt::format(" ({})", column_list(facts.columns));
  if (facts.condition) sql += fmt::format(" WHERE ({})", *facts.condition);
  return sql;
}

/// A change of the published columns must not leave a table unpublished for a subscriber that looks
/// in between; both statements commit with the switch.
std::string unpublish(const RecreatedFacts& facts) {
  return fmt::format("ALTER PUBLICATION {} DROP TABLE {}", quote_identifier(facts.name),
                     quote_name(facts.table));
}

}  // namespace

void Carry::refuse_recreated() {
  const auto refuse = [&](const std::string& object) {
    plan_.refused.push_back({object, "our role may not make it again",
                             "run the job as a role that owns it, or as a member of its owner"});
  };
  for (const RecreatedFacts& facts : found_.recreated) {
    if (!facts.allowed) refuse(facts.object);
  }
  for (const ViewFacts& view : found_.views) {
    if (view.materialized) {
      plan_.refused.push_back({"materialized view " + said(view.name),
                               "it can only be made again with all its rows",
                               "drop it before the job and make it again after the switch"});
    } else if (!view.allowed) {
      refuse("view " + said(view.name));
    }
  }
}

void Carry::drop_triggers() {
  for (const RecreatedFacts& facts : found_.recreated) {
    if (facts.kind == Kind::trigger) before("DROP " + on_table("TRIGGER", facts));
  }
}

void Carry::recreate_one(const RecreatedFacts& facts) {
  const std::string named = said_part(facts.table, facts.name);
  switch (facts.kind) {
    case Kind::trigger:
      after(text("trigger", named, facts.definition));
      if (facts.state != 'O') {
        after(alter_table(facts.table, fmt::format("{} TRIGGER {}", enabling(facts.state),
                                                   quote_identifier(facts.name))));
      }
      break;
    case Kind::rule: after(or_replace(text("rule", named, facts.definition))); break;
    case Kind::policy: {
      std::optional<std::string> condition = facts.condition;
      std::optional<std::string> check = facts.check;
      if (condition) condition = text("policy using", named, *condition);
      if (check) check = text("policy check", named, *check);
      after(policy_text(facts, condition, check));
      break;
    }
    case Kind::function: after(text("function", facts.object, facts.definition)); break;
    case Kind::publication: {
      RecreatedFacts publication = facts;
      if (facts.condition) {
        publication.condition = text("publication", named, *facts.condition);
      }
      after(unpublish(facts));
      after(publication_text(publication));
      break;
    }
  }
  if (facts.comment) after(comment_on(on_table("TRIGGER", facts), facts.comment));
  carried(fmt::format("{}: made again from its text in the switch", facts.object));
}

void Carry::recreate() {
  for (const RecreatedFacts& facts : found_.recreated) recreate_one(facts);
}

void Carry::build_statistics() {
  for (const StatisticsFacts& statistics : found_.statistics) {
    const auto definition = read_statistics_text(
        text("statistics", said(statistics.name), statistics.definition), names(statistics.table));
    const std::string object = "statistics " + said(statistics.name);
    if (!definition) {
      plan_.refused.push_back({object, "its definition cannot be read: " + statistics.definition,
                               "drop it before the job and make it again after the switch"});
      continue;
    }
    const QualifiedName made = beside(statistics.name, incoming(statistics.name.name));
    const std::string name = quote_name(made);
    planned_.push_back({BuiltFacts::Kind::statistics, statistics.table, made});
    const std::string exists = fmt::format(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext WHERE stxnamespace = "
        "{}::pg_catalog.regnamespace AND stxname = {}",
        quote_literal(quote_identifier(made.schema.value_or(""))), quote_literal(made.name));
    constexpr const char* lock = "SHARE UPDATE EXCLUSIVE on the table, for an instant";
    step(fmt::format("{}: made for the new column", object),
         {fmt::format("CREATE STATISTICS {}{}{} ON {} FROM {}", name,
                      definition->kinds.empty() ? "" : " ", definition->kinds, definition->columns,
                      quote_name(statistics.table)),
          DdlShape::instant,
          lock,
          {}},
         exists + ")", "DROP STATISTICS IF EXISTS " + name);
    if (statistics.target) {
      step(fmt::format("{}: its target", object),
           {fmt::format("ALTER STATISTICS {} SET STATISTICS {}", name, *statistics.target),
            DdlShape::instant,
            lock,
            {}},
           fmt::format("{} AND stxstattarget = {})", exists, *statistics.target), "");
    }
    carried(fmt::format("{}: made for the new column, takes its name in the switch", object));
  }
}

void Carry::drop_statistics() {
  for (const StatisticsFacts& statistics : found_.statistics) {
    before("DROP STATISTICS " + quote_name(statistics.name));
  }
}

void Carry::take_statistics() {
  for (const StatisticsFacts& statistics : found_.statistics) {
    const QualifiedName made = beside(statistics.name, incoming(statistics.name.name));
    const std::string name = quote_name(statistics.name);
    after(fmt::format("ALTER STATISTICS {} RENAME TO {}", quote_name(made),
                      quote_identifier(statistics.name.name)));
    after(fmt::format("ALTER STATISTICS {} OWNER TO {}", name, statistics.owner));
    if (statistics.comment) after(comment_on("STATISTICS " + name, statistics.comment));
  }
}

void Carry::try_recreated() {
  if (!forward()) return;
  const std::string hint = "drop it before the job and make a fitting one after the switch";
  for (const RecreatedFacts& facts : found_.recreated) {
    const std::string rows = aliased_scope(facts.table);
    if (facts.kind == Kind::policy) {
      for (const auto& condition : {facts.condition, facts.check}) {
        if (!condition) continue;
        plan_.trials.push_back(
            {facts.object, fmt::format("SELECT FROM {} WHERE false AND ({})", rows, *condition),
             hint});
      }
    }
    constexpr std::string_view begins = " WHEN (";
    constexpr std::string_view ends = ") EXECUTE FUNCTION ";
    const std::size_t begin = facts.definition.find(begins);
    const std::size_t end = facts.definition.rfind(ends);
    if (facts.kind == Kind::trigger && begin != std::string::npos && end != std::string::npos) {
      const std::size_t from = begin + begins.size();
      plan_.trials.push_back(
          {facts.object,
           fmt::format("SELECT FROM {0} AS old, {0} AS new WHERE false AND ({1})",
                       scope(facts.table), facts.definition.substr(from, end - from)),
           hint});
    }
  }
}

}  // namespace backfill
