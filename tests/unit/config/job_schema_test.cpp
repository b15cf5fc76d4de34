#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "config/field_table.hpp"

/// The JSON Schema of job files, docs/job.schema.json, is what the reader's own tables say: its
/// keys, its ranges, its words. With BACKFILL_WRITE_SCHEMA=1 this test writes the file.
namespace backfill::config {
namespace {

using Json = nlohmann::ordered_json;

const std::string schema_path = std::string(BACKFILL_SOURCE_DIR) + "/docs/job.schema.json";

/// What the reader's functions demand of a text beyond being one. Every other text is SQL or a name
/// that only the reader and the server can judge.
const std::map<std::string, std::string, std::less<>>& patterns() {
  static const std::map<std::string, std::string, std::less<>> all = {
      {"name", "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$"},
      {"throttle.replica_lag.standbys", "://|="},
      {"throttle.window", R"(^(always|([0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}.*))$)"},
      {"throttle.flag_file", "^/"},
      {"throttle.wal_rate.slow", "^[0-9]+(kB|MB|GB)/s$"},
      {"throttle.wal_rate.stop", "^[0-9]+(kB|MB|GB)/s$"},
      {"throttle.slot_wal.slow", "^[0-9]+(kB|MB|GB)$"},
      {"throttle.slot_wal.stop", "^[0-9]+(kB|MB|GB)$"},
      {"drop", "^(manual|after [0-9]+(ms|s|m|h)([0-9]+(ms|s|m))*)$"},
  };
  return all;
}

Json reference(const std::string& name) {
  return Json{{"$ref", "#/$defs/" + name}};
}

/// A value that the environment may give, too.
Json or_variable(Json value) {
  return Json{{"anyOf", Json::array({std::move(value), reference("variable")})}};
}

Json one_or_list(const Json& value) {
  const Json list = Json{{"type", "array"}, {"items", value}, {"minItems", 1}};
  return Json{{"anyOf", Json::array({value, list})}};
}

Json closed_object(Json properties, Json required) {
  Json object{{"type", "object"}};
  object["properties"] = std::move(properties);
  if (!required.empty()) object["required"] = std::move(required);
  object["additionalProperties"] = false;
  return object;
}

Json text_of(std::string_view path) {
  const auto found = patterns().find(path);
  if (found == patterns().end()) return reference("text");
  return or_variable(Json{{"type", "string"}, {"pattern", found->second}});
}

Json type_of(std::string_view, const WholeNumber& type) {
  Json number{{"type", type.nullable ? Json::array({"integer", "null"}) : Json("integer")},
              {"minimum", type.low},
              {"maximum", type.high}};
  return or_variable(std::move(number));
}

Json type_of(std::string_view, const Decimal&) {
  return or_variable(Json{{"type", "number"}});
}

Json type_of(std::string_view, const TimeSpan& type) {
  if (type.word.empty()) return reference("duration");
  return Json{{"anyOf", Json::array({Json{{"const", type.word}}, reference("duration")})}};
}

/// YAML reads some words as a number or a truth value.
Json type_of(std::string_view, const Choice& type) {
  Json words = Json::array();
  for (const std::string_view word : type.words) {
    words.push_back(word);
    const Json read = Json::parse(word, nullptr, false);
    if (!read.is_discarded()) words.push_back(read);
  }
  return or_variable(Json{{"enum", words}});
}

Json type_of(std::string_view path, const Text&) {
  return text_of(path);
}

Json type_of(std::string_view path, const TextList&) {
  return one_or_list(text_of(path));
}

Json step_of(const std::string& word, Json own, Json more, const Json& required) {
  Json properties;
  properties[word] = std::move(own);
  for (auto& [key, value] : more.items()) properties[key] = value;
  Json keys = Json::array({word});
  for (const auto& key : required) keys.push_back(key);
  return closed_object(std::move(properties), std::move(keys));
}

Json enforce_steps() {
  const Json text = reference("text");
  const Json names = one_or_list(text);
  const Json expression = Json{{"type", "object"},
                               {"additionalProperties", text},
                               {"minProperties", 1},
                               {"maxProperties", 1}};
  Json forms = Json::array();
  forms.push_back(step_of("not_null", text, Json::object(), {}));
  forms.push_back(step_of("unique", names, Json{{"name", text}}, {}));
  forms.push_back(step_of("check", text, Json{{"name", text}}, {}));
  forms.push_back(step_of(
      "foreign_key", names,
      Json{{"references", text},
           {"orphans", Json{{"enum", {"refuse", "delete", "set_null"}}}},
           {"on_delete",
            Json{{"enum", {"no action", "restrict", "cascade", "set null", "set default"}}}},
           {"name", text}},
      Json::array({"references"})));
  forms.push_back(
      step_of("index", names, Json{{"using", text}, {"where", text}, {"name", text}}, {}));
  forms.push_back(step_of("default", expression, Json::object(), {}));
  return Json{{"type", "array"}, {"items", Json{{"oneOf", forms}}}, {"minItems", 1}};
}

Json type_of(std::string_view path, const Structure&) {
  const Json text = reference("text");
  if (path == "add") {
    return Json{{"type", "array"},
                {"items", closed_object(Json{{"column", text}}, Json::array({"column"}))},
                {"minItems", 1}};
  }
  if (path == "set") {
    return Json{{"type", "object"}, {"additionalProperties", text}, {"minProperties", 1}};
  }
  if (path == "enforce") return enforce_steps();
  if (path == "on_error") {
    const Json rows = or_variable(Json{{"type", "integer"}, {"minimum", 1}, {"maximum", 10'000}});
    return Json{{"anyOf", Json::array({Json{{"const", "stop"}},
                                       closed_object(Json{{"quarantine", rows}},
                                                     Json::array({"quarantine"})),
                                       reference("variable")})}};
  }
  if (path == "columns") {
    Json column =
        closed_object(Json{{"type", text}, {"using", text}, {"back", text}}, Json::array({"type"}));
    return Json{{"type", "object"}, {"additionalProperties", column}, {"minProperties", 1}};
  }
  FAIL("the schema knows nothing of " << path);
  return {};
}

/// Puts a field at its place, making the sections on the way.
void place(Json& root, const Field& field) {
  Json* section = &root;
  std::string_view path = field.path;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    Json& inner = (*section)["properties"][std::string(path.substr(0, dot))];
    if (inner.is_null()) {
      inner["type"] = "object";
      inner["minProperties"] = 1;
      inner["properties"] = Json::object();
      inner["additionalProperties"] = false;
    }
    section = &inner;
    path.remove_prefix(dot + 1);
  }
  Json value{{"description", field.meaning}};
  const Json type =
      std::visit([&](const auto& each) { return type_of(field.path, each); }, field.type);
  for (const auto& [key, part] : type.items()) value[key] = part;
  (*section)["properties"][std::string(path)] = std::move(value);
  if (field.required && section != &root) (*section)["required"].push_back(path);
}

/// The keys of the other kinds are refused.
Json rule_of(const KindEntry& kind) {
  Json then{{"required", Json::array()}, {"properties", Json::object()}};
  for (const Field& field : kind.fields) {
    if (field.required) then["required"].push_back(field.path);
  }
  for (const KindEntry& other : job_kinds()) {
    if (other.kind == kind.kind) continue;
    for (const Field& field : other.fields) then["properties"][std::string(field.path)] = false;
  }
  const Json condition{{"properties", Json{{"kind", Json{{"const", kind.word}}}}},
                       {"required", Json::array({"kind"})}};
  return Json{{"if", condition}, {"then", then}};
}

Json schema() {
  Json root{{"$schema", "http://json-schema.org/draft-07/schema#"},
            {"title", "Job file of backfill"},
            {"type", "object"},
            {"properties", Json::object()},
            {"required", Json::array()},
            {"additionalProperties", false},
            {"allOf", Json::array()}};
  for (const Field& field : common_fields()) {
    place(root, field);
    if (field.required && field.path.find('.') == std::string_view::npos) {
      root["required"].push_back(field.path);
    }
  }
  for (const KindEntry& kind : job_kinds()) {
    for (const Field& field : kind.fields) place(root, field);
    root["allOf"].push_back(rule_of(kind));
  }
  root["$defs"]["text"] =
      Json{{"type", Json::array({"string", "number", "boolean"})}, {"pattern", R"(\S)"}};
  root["$defs"]["variable"] =
      Json{{"description", "An environment variable, perhaps with a default."},
           {"type", "string"},
           {"pattern", R"(\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\})"}};
  root["$defs"]["duration"] = or_variable(Json{
      {"type", "string"}, {"pattern", "^(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"}});
  return root;
}

}  // namespace

TEST_CASE("the_schema_of_job_files_says_what_the_reader_says") {
  const std::string wanted = schema().dump(2) + "\n";
  if (std::getenv("BACKFILL_WRITE_SCHEMA") != nullptr) std::ofstream(schema_path) << wanted;
  std::ifstream file(schema_path);
  std::ostringstream found;
  found << file.rdbuf();
  INFO("BACKFILL_WRITE_SCHEMA=1 with this test writes docs/job.schema.json anew");
  CHECK(found.str() == wanted);
}

}  // namespace backfill::config
