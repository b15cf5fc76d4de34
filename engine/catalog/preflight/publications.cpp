#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "pg/field.hpp"

/// A published table without a replica identity refuses every UPDATE.
namespace backfill {
namespace {

/// A partition is published with any of its ancestors. pg_publication_tables knows all the ways in
/// which a publication can name a table, in every version.
constexpr std::string_view unidentified_sql = R"(
SELECT c.oid::regclass::text, pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(p.pubname), ', ')
FROM tree
JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid AND c.relkind = 'r'
CROSS JOIN LATERAL (SELECT c.oid AS oid UNION
                    SELECT relid::oid FROM pg_catalog.pg_partition_ancestors(c.oid)) AS member
JOIN pg_catalog.pg_class AS m ON m.oid = member.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = m.relnamespace
JOIN pg_catalog.pg_publication_tables AS t ON t.schemaname = n.nspname AND t.tablename = m.relname
JOIN pg_catalog.pg_publication AS p ON p.pubname = t.pubname AND p.pubupdate
WHERE c.relreplident = 'n'
   OR (c.relreplident = 'd' AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_index AS i
         WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid))
   OR (c.relreplident = 'i' AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_index AS i
         WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid))
GROUP BY c.oid ORDER BY 1)";

}  // namespace

CheckResult check_publications(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid()};
  std::string sql = std::string{with_tree} + std::string{unidentified_sql};
  const auto rows = co_await ask(preflight, std::move(sql), params);
  if (!rows) co_return rows.error();
  for (const pg::Row& row : rows->values) {
    preflight->refuse(fmt::format("{} publishes its updates ({}) and has no replica identity, so "
                                  "the server refuses to update it",
                                  pg::text_field(row, 0), pg::text_field(row, 1)),
                      fmt::format("ALTER TABLE {} REPLICA IDENTITY USING INDEX … (a unique index "
                                  "over columns that are NOT NULL), or give it a primary key",
                                  pg::text_field(row, 0)));
  }
  co_return Result<void>{};
}

}  // namespace backfill
