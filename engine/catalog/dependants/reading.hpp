#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "catalog/read_only.hpp"
#include "core/dependants.hpp"
#include "pg/connection.hpp"

/// What the readers of dependants share: one file per kind of object, one query each, whose answer
/// is one JSON text. All run in one READ ONLY transaction under a search_path of pg_catalog.
namespace backfill::dependants {

using Json = nlohmann::json;

struct Reading {
  pg::Connection* connection = nullptr;
  Duration deadline{};
  const std::vector<CarriedColumn>* columns = nullptr;
  pg::Param relations;  ///< oid[], one per column
  pg::Param numbers;    ///< int2[], their attnums
  pg::Param types;      ///< oid[], the types that they become; 0 where the server knows none
  Dependants found;
};

/// `hit (view, depth)`: the views that read the columns, directly or through others, as `views`
/// with the greatest depth of each.
inline constexpr std::string_view with_views = R"(
hit(view, depth) AS (
  SELECT r.ev_class, 1
  FROM wanted AS w
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid
   AND d.refobjsubid = w.attnum AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite AS r ON r.oid = d.objid
  JOIN pg_class AS c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
  UNION
  SELECT r.ev_class, h.depth + 1
  FROM hit AS h
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = h.view
   AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> h.view
  JOIN pg_class AS c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')),
views AS (SELECT view, max(depth) AS depth FROM hit GROUP BY view),)";

/// A SELECT's column with the grants of an ACL expression as JSON.
[[nodiscard]] std::string grants_sql(std::string_view acl);

[[nodiscard]] std::string text_of(const Json& object, const char* key);
[[nodiscard]] std::optional<std::string> optional_text_of(const Json& object, const char* key);
[[nodiscard]] bool bool_of(const Json& object, const char* key);
[[nodiscard]] std::vector<std::string> texts_of(const Json& object, const char* key);
[[nodiscard]] std::vector<Grant> grants_of(const Json& object, const char* key);
/// From the keys `schema` and `table`.
[[nodiscard]] QualifiedName table_of(const Json& object);
[[nodiscard]] RecreatedFacts recreated_of(const Json& object);

using Read = asio::awaitable<Result<void>>;

/// Runs a SELECT body over `wanted (relid, attnum)`, the columns, and hands each row to `keep`, as
/// an object. `tables` are further WITH members, each ending in a comma.
[[nodiscard]] Read read_rows(Reading* reading, std::string tables, std::string body,
                             void (*keep)(Dependants& found, const Json& row));

Read read_columns(Reading* reading);
Read read_indexes(Reading* reading);
Read read_constraints(Reading* reading);
Read read_views(Reading* reading);
Read read_recreated(Reading* reading);
Read read_publications(Reading* reading);
Read read_statistics(Reading* reading);
Read read_uncarried(Reading* reading);
Read read_built(Reading* reading);

}  // namespace backfill::dependants
