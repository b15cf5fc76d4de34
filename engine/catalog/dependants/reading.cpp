#include "catalog/dependants/reading.hpp"

#include <utility>

#include <fmt/format.h>

#include "pg/field.hpp"

namespace backfill::dependants {

Read read_rows(Reading* reading, std::string tables, std::string body,
               void (*keep)(Dependants& found, const Json& row)) {
  std::string sql = fmt::format(
      "WITH RECURSIVE wanted(relid, attnum) AS ("
      "SELECT * FROM unnest($1::oid[], $2::int2[])), {} answer AS ({}) "
      "SELECT json_agg(row_to_json(answer)) FROM answer",
      tables, body);
  std::vector<pg::Param> params{reading->relations, reading->numbers};
  const auto rows =
      co_await reading->connection->query(std::move(sql), std::move(params), reading->deadline);
  if (!rows) co_return rows.error();
  const std::string text = pg::text_field(rows->values.at(0), 0);
  const Json answer = text.empty() ? Json::array() : Json::parse(text);
  for (const Json& row : answer) keep(reading->found, row);
  co_return Result<void>{};
}

std::string grants_sql(std::string_view acl) {
  return fmt::format(
      "(SELECT json_agg(json_build_object("
      "'grantee', CASE WHEN x.grantee = 0 THEN 'PUBLIC' "
      "ELSE quote_ident(pg_get_userbyid(x.grantee)) END, "
      "'privilege', x.privilege_type, 'grantable', x.is_grantable)) "
      "FROM aclexplode({}) AS x)",
      acl);
}

std::optional<std::string> optional_text_of(const Json& object, const char* key) {
  const Json& value = object.at(key);
  if (value.is_null()) return std::nullopt;
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string text_of(const Json& object, const char* key) {
  return optional_text_of(object, key).value_or("");
}

bool bool_of(const Json& object, const char* key) {
  const Json& value = object.at(key);
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> texts_of(const Json& object, const char* key) {
  std::vector<std::string> texts;
  const Json& value = object.at(key);
  if (value.is_null()) return texts;
  for (const Json& text : value) texts.push_back(text.get<std::string>());
  return texts;
}

std::vector<Grant> grants_of(const Json& object, const char* key) {
  std::vector<Grant> grants;
  const Json& value = object.at(key);
  if (value.is_null()) return grants;
  for (const Json& grant : value) {
    grants.push_back(
        {text_of(grant, "grantee"), text_of(grant, "privilege"), bool_of(grant, "grantable")});
  }
  return grants;
}

QualifiedName table_of(const Json& object) {
  return {text_of(object, "schema"), text_of(object, "table")};
}

RecreatedFacts recreated_of(const Json& object) {
  using Kind = RecreatedFacts::Kind;
  RecreatedFacts facts;
  const std::string kind = text_of(object, "kind");
  facts.kind = kind == "trigger"  ? Kind::trigger
               : kind == "rule"   ? Kind::rule
               : kind == "policy" ? Kind::policy
                                  : Kind::function;
  facts.object = text_of(object, "object");
  facts.name = text_of(object, "name");
  facts.table = table_of(object);
  facts.definition = text_of(object, "definition");
  facts.condition = optional_text_of(object, "condition");
  facts.check = optional_text_of(object, "check");
  const std::string state = text_of(object, "state");
  if (!state.empty()) facts.state = state.front();
  facts.comment = optional_text_of(object, "comment");
  facts.allowed = bool_of(object, "allowed");
  return facts;
}

}  // namespace backfill::dependants
