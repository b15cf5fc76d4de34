#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/sql_text.hpp"
#include "jobs/type_copy_carry/carry.hpp"

/// What was built for an object that somebody has dropped since would otherwise stay for ever.
namespace backfill {

namespace {

using Kind = BuiltFacts::Kind;

struct Removal {
  std::string what;
  std::string sql;
  std::string done_when;
  DdlShape shape = DdlShape::instant;
};

Removal removal_of(const BuiltFacts& built) {
  const std::string name = quote_name(built.name);
  const std::string schema = quote_literal(quote_identifier(built.name.schema.value_or("")));
  Removal removal;
  switch (built.kind) {
    case Kind::index:
      removal.what = "index " + said(built.name);
      removal.sql = "DROP INDEX CONCURRENTLY IF EXISTS " + name;
      removal.done_when =
          fmt::format("SELECT pg_catalog.to_regclass({}) IS NULL", quote_literal(name));
      removal.shape = DdlShape::concurrent;
      break;
    case Kind::constraint:
      removal.what = fmt::format("constraint {} on {}", built.name.name, said(built.table));
      removal.sql = alter_table(built.table,
                                "DROP CONSTRAINT IF EXISTS " + quote_identifier(built.name.name));
      removal.done_when = fmt::format(
          "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = "
          "{}::pg_catalog.regclass AND conname = {})",
          quote_literal(quote_name(built.table)), quote_literal(built.name.name));
      break;
    case Kind::statistics:
      removal.what = "statistics " + said(built.name);
      removal.sql = "DROP STATISTICS IF EXISTS " + name;
      removal.done_when = fmt::format(
          "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext WHERE stxnamespace = "
          "{}::pg_catalog.regnamespace AND stxname = {})",
          schema, quote_literal(built.name.name));
      break;
  }
  return removal;
}

}  // namespace

/// Behind all that builds, since it must know what is still to be there; its steps come first.
void Carry::clear_leftovers() {
  const std::string_view suffix = forward() ? incoming_suffix : parked_suffix;
  std::vector<CarryStep> steps;
  for (const BuiltFacts& built : found_.built) {
    if (!built.name.name.ends_with(suffix)) continue;
    if (std::ranges::find(planned_, built) != planned_.end()) continue;
    Removal removal = removal_of(built);
    OnlineDdl ddl;
    ddl.sql = removal.sql;
    ddl.shape = removal.shape;
    ddl.lock = removal.shape == DdlShape::concurrent
                   ? "SHARE UPDATE EXCLUSIVE on the table: reads and writes go on"
                   : "ACCESS EXCLUSIVE, for an instant";
    steps.push_back({removal.what + ": removed, since what it was built for is gone",
                     std::move(ddl), removal.done_when, removal.sql});
  }
  plan_.before_switch.insert(plan_.before_switch.begin(), std::make_move_iterator(steps.begin()),
                             std::make_move_iterator(steps.end()));
}

}  // namespace backfill
