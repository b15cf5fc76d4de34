#include "catalog/ground.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration ground_deadline = std::chrono::seconds{15};

/// The collation where the type has one. A domain counts as what the column is declared as.
constexpr const char* collations_sql = R"(
SELECT CASE WHEN c.oid IS NULL THEN ''
            ELSE ' COLLATE ' || pg_catalog.format('%I.%I', n.nspname, c.collname) END
FROM pg_catalog.unnest($2::text[]) WITH ORDINALITY AS k(name, position)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = $1::oid AND a.attname = k.name
LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
ORDER BY k.position)";

}  // namespace

std::vector<std::string> retyped_columns(const Job& job) {
  std::vector<std::string> names;
  for (const ChangeColumn& column : job.type_copy.columns) names.push_back(column.column);
  return names;
}

pg::asio::awaitable<Result<std::string>> ground_of(pg::Connection* connection, Target target,
                                                   std::vector<std::string> retyped) {
  std::vector<std::string> names;
  for (const KeyColumn& column : target.key.columns) names.push_back(column.name);
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(target.oid));
  params.emplace_back(pg::text_array(names));
  const auto collations =
      co_await connection->query(collations_sql, std::move(params), ground_deadline);
  if (!collations) {
    Error error = collations.error();
    error.context = "reading the collations of the key";
    co_return error;
  }
  std::string text = fmt::format("table: {} (oid {})\n", quote_name(target.table), target.oid);
  for (std::size_t i = 0; i < names.size() && i < collations->values.size(); ++i) {
    const bool typed = std::ranges::find(retyped, names[i]) == retyped.end();
    const std::string type =
        " " + target.key.columns[i].type + pg::text_field(collations->values[i], 0);
    text += fmt::format("key: {}{}{}\n", quote_identifier(names[i]), typed ? type : std::string(),
                        target.key.descending ? " DESC" : "");
  }
  co_return text;
}

}  // namespace backfill
