#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// What lies below the table is covered by its key: partitions are, foreign ones and children by
/// inheritance are not.
namespace backfill {
namespace {

/// $1 the table. Children by inheritance would be updated along with their parent, but the parent's
/// unique index says nothing of their keys: two rows could share one, and no index of theirs bounds
/// a batch. So the job is refused rather than run on rows it cannot count.
constexpr std::string_view children_sql = R"(
SELECT pg_catalog.string_agg(i.inhrelid::regclass::text, ', ' ORDER BY i.inhrelid::regclass::text)
FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent
WHERE i.inhparent = $1::oid AND c.relkind = 'r')";

constexpr std::string_view foreign_sql = R"(
SELECT pg_catalog.string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text)
FROM tree JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid WHERE c.relkind = 'f')";

}  // namespace

CheckResult check_relation_tree(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid()};
  std::string children{children_sql};
  const auto inherited = co_await ask(preflight, std::move(children), params);
  if (!inherited) co_return inherited.error();
  const std::string heirs = pg::text_field(inherited->values.at(0), 0);
  if (!heirs.empty()) {
    preflight->refuse(
        fmt::format("{} has tables that inherit from it ({}), whose rows its key does "
                    "not cover",
                    preflight->table(), heirs),
        "Detach them (ALTER TABLE … NO INHERIT) and run one job for each, or turn the "
        "hierarchy into a partitioned table");
  }
  std::string foreign = std::string{with_tree} + std::string{foreign_sql};
  const auto remote = co_await ask(preflight, std::move(foreign), params);
  if (!remote) co_return remote.error();
  const std::string partitions = pg::text_field(remote->values.at(0), 0);
  if (!partitions.empty()) {
    preflight->refuse(
        fmt::format("{} has foreign tables as partitions ({}): their rows cannot commit together "
                    "with a checkpoint here",
                    preflight->table(), partitions),
        "Run one job for each local partition, and one on the server that holds the others");
  }
  co_return Result<void>{};
}

}  // namespace backfill
