#include "run/enforce_record.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace backfill::run {

namespace {

using nlohmann::json;

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::string> text_of(const json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

const json* list_in(const json& from, const char* name) {
  if (!from.is_object()) return nullptr;
  const auto found = from.find(name);
  return found == from.end() || !found->is_array() ? nullptr : &*found;
}

}  // namespace

const BegunStep* EnforceRecord::find(std::size_t number) const {
  const auto found = std::ranges::find(begun, number, &BegunStep::number);
  return found == begun.end() ? nullptr : &*found;
}

std::string EnforceRecord::json() const {
  nlohmann::json list = nlohmann::json::array();
  for (const BegunStep& step : begun) {
    nlohmann::json entry;
    entry["step"] = step.number;
    entry["what"] = step.text;
    entry["name"] = step.name.empty() ? nlohmann::json(nullptr) : nlohmann::json(step.name);
    entry["old_default"] =
        step.old_default ? nlohmann::json(*step.old_default) : nlohmann::json(nullptr);
    list.push_back(std::move(entry));
  }
  nlohmann::json whole;
  whole["begun"] = std::move(list);
  return dumped(whole);
}

EnforceRecord EnforceRecord::parse(std::string_view text) {
  EnforceRecord record;
  const nlohmann::json whole = nlohmann::json::parse(text, nullptr, false);
  const nlohmann::json* list = list_in(whole, "begun");
  if (list == nullptr) return record;
  for (const nlohmann::json& entry : *list) {
    if (!entry.is_object()) continue;
    const auto number = entry.find("step");
    if (number == entry.end() || !number->is_number_unsigned()) continue;
    BegunStep step;
    step.number = number->get<std::size_t>();
    step.text = text_of(entry, "what").value_or("");
    step.name = text_of(entry, "name").value_or("");
    step.old_default = text_of(entry, "old_default");
    record.begun.push_back(std::move(step));
  }
  return record;
}

std::string added_columns_json(const std::vector<std::string>& columns) {
  json whole;
  whole["added"] = columns;
  return dumped(whole);
}

std::vector<std::string> parse_added_columns(std::string_view text) {
  std::vector<std::string> columns;
  const json whole = json::parse(text, nullptr, false);
  const json* list = list_in(whole, "added");
  if (list == nullptr) return columns;
  for (const json& entry : *list) {
    if (entry.is_string()) columns.push_back(entry.get<std::string>());
  }
  return columns;
}

}  // namespace backfill::run
