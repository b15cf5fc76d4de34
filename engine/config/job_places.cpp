#include "config/job_places.hpp"

#include <vector>

#include <fmt/format.h>

#include "config/job_reader.hpp"
#include "config/source_text.hpp"
#include "config/yaml_document.hpp"
#include "core/sql_name.hpp"

namespace backfill {
namespace config {
namespace {

const Node* child(const Node& mapping, std::string_view key) {
  for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
    if (mapping.keys[i].parsed == key) return &mapping.items[i];
  }
  return nullptr;
}

bool names(const Node& key, std::string_view column) {
  const Parsed<std::string> name = parse_identifier(key.parsed);
  return name && *name == column;
}

/// The value of a mapping whose keys are columns as SQL writes them.
const Node* of_column(const Node& mapping, std::string_view column) {
  for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
    if (names(mapping.keys[i], column)) return &mapping.items[i];
  }
  return nullptr;
}

/// The definition in a list of `column: NAME TYPE`.
const Node* of_definition(const Node& list, std::string_view column) {
  for (const Node& item : list.items) {
    const Node* definition = child(item, "column");
    if (definition == nullptr) continue;
    const Parsed<AddColumn> read = split_column_definition(definition->value);
    if (read && read->column == column) return definition;
  }
  return nullptr;
}

const Node* find(const Node& root, std::string_view path) {
  const std::size_t dot = path.find('.');
  const std::string_view head = path.substr(0, dot);
  const Node* top = child(root, head);
  if (top == nullptr || dot == std::string_view::npos) return top;
  const std::string_view column = path.substr(dot + 1);
  return head == "add" ? of_definition(*top, column) : of_column(*top, column);
}

}  // namespace
}  // namespace config

std::optional<FilePlace> find_place(std::string_view text, std::string_view path,
                                    std::size_t offset, const Environment& environment) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const config::SourceText source(text);
  if (config::problem_of_encoding(text)) return std::nullopt;
  config::YamlDocument document = config::parse_yaml(source);
  if (!document.root || !document.problems.empty()) return std::nullopt;
  std::vector<config::PlacedProblem> problems;
  config::replace_variables(*document.root, source, environment, problems);
  if (!problems.empty()) return std::nullopt;
  const config::Node* node = config::find(*document.root, path);
  if (node == nullptr) return std::nullopt;
  const bool inside =
      node->shape == config::Node::Shape::scalar && offset > 0 && offset <= node->value.size();
  const config::Position position =
      inside ? config::position_in(*node, offset, source) : node->position;
  return FilePlace{position.line, position.column};
}

std::string place_in_file(const std::string& file, std::string_view path, std::size_t offset) {
  const std::optional<std::string> text = job_file_text(file);
  if (!text) return {};
  const auto place = find_place(*text, path, offset, process_environment());
  return place ? fmt::format("{}:{}:{}", file, place->line, place->column) : std::string();
}

}  // namespace backfill
