#include "config/job_places.hpp"

#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/job_reader.hpp"
#include "config/source_text.hpp"
#include "config/yaml_document.hpp"
#include "core/sql_name.hpp"

namespace backfill {
namespace config {
namespace {

struct Step {
  const Node* value = nullptr;
  int key_line = 0;
};

Step child(const Node& mapping, std::string_view key) {
  for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
    if (mapping.keys[i].parsed != key) continue;
    return {&mapping.items[i], mapping.keys[i].position.line};
  }
  return {};
}

bool names(const Node& key, std::string_view column) {
  const Parsed<std::string> name = parse_identifier(key.parsed);
  return name && *name == column;
}

/// The value of a mapping whose keys are columns as SQL writes them.
Step of_column(const Node& mapping, std::string_view column) {
  for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
    if (!names(mapping.keys[i], column)) continue;
    return {&mapping.items[i], mapping.keys[i].position.line};
  }
  return {};
}

/// The definition in a list of `column: NAME TYPE`.
Step of_definition(const Node& list, std::string_view column) {
  for (const Node& item : list.items) {
    const Step definition = child(item, "column");
    if (definition.value == nullptr) continue;
    const Parsed<AddColumn> read = split_column_definition(definition.value->value);
    if (read && read->column == column) return definition;
  }
  return {};
}

Step of_number(const Node& list, std::string_view number) {
  std::size_t index = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), index);
  if (read.ec != std::errc{} || index < 1 || index > list.items.size()) return {};
  const Node& item = list.items[index - 1];
  return {&item, item.position.line};
}

Step find_step(const Node& root, const JobPath& path) {
  Step at{&root, root.position.line};
  for (std::size_t i = 0; i < path.size() && at.value != nullptr; ++i) {
    const bool of_columns = i == 1 && (path[0] == "set" || path[0] == "columns");
    if (i == 1 && path[0] == "add") {
      at = of_definition(*at.value, path[i]);
    } else if (of_columns) {
      at = of_column(*at.value, path[i]);
    } else if (at.value->shape == Node::Shape::sequence) {
      at = of_number(*at.value, path[i]);
    } else {
      at = child(*at.value, path[i]);
    }
  }
  return at;
}

/// `set.a.b`: whatever stands behind the first dot is the column.
JobPath split_path(std::string_view path) {
  const std::size_t dot = path.find('.');
  JobPath steps{std::string(path.substr(0, dot))};
  if (dot != std::string_view::npos) steps.emplace_back(path.substr(dot + 1));
  return steps;
}

}  // namespace
}  // namespace config

class JobPlaces::Implementation {
 public:
  Implementation(std::string_view text, const Environment& environment)
      : text_(text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text), source_(text_) {
    if (config::problem_of_encoding(text_)) return;
    config::YamlDocument document = config::parse_yaml(source_);
    if (!document.root || !document.problems.empty()) return;
    std::vector<config::PlacedProblem> problems;
    config::replace_variables(*document.root, source_, environment, problems);
    if (problems.empty()) root_ = *std::move(document.root);
  }

  [[nodiscard]] config::Step find(const JobPath& path) const {
    return root_ ? config::find_step(*root_, path) : config::Step{};
  }

  [[nodiscard]] const config::SourceText& source() const { return source_; }

 private:
  std::string text_;
  config::SourceText source_;  ///< a view of `text_`
  std::optional<config::Node> root_;
};

JobPlaces::JobPlaces(std::string_view text, const Environment& environment)
    : implementation_(std::make_unique<Implementation>(text, environment)) {}

JobPlaces::~JobPlaces() = default;

std::optional<JobPlaces::Found> JobPlaces::find(const JobPath& path, std::size_t offset) const {
  const config::Step step = implementation_->find(path);
  if (step.value == nullptr) return std::nullopt;
  const config::Node& node = *step.value;
  const bool inside =
      node.shape == config::Node::Shape::scalar && offset > 0 && offset <= node.value.size();
  const config::Position position =
      inside ? config::position_in(node, offset, implementation_->source()) : node.position;
  return Found{{position.line, position.column}, step.key_line};
}

std::optional<std::string> JobPlaces::value(const JobPath& path) const {
  const config::Step step = implementation_->find(path);
  if (step.value == nullptr || step.value->shape != config::Node::Shape::scalar) return {};
  return step.value->value;
}

std::vector<std::string> JobPlaces::written(const JobPath& path) const {
  const config::Step step = implementation_->find(path);
  if (step.value == nullptr) return {};
  if (step.value->shape == config::Node::Shape::scalar) return {step.value->parsed};
  std::vector<std::string> texts;
  for (const config::Node& item : step.value->items) texts.push_back(item.parsed);
  return texts;
}

std::optional<FilePlace> find_place(std::string_view text, std::string_view path,
                                    std::size_t offset, const Environment& environment) {
  const auto found = JobPlaces(text, environment).find(config::split_path(path), offset);
  if (!found) return std::nullopt;
  return found->place;
}

std::string place_in_file(const std::string& file, std::string_view path, std::size_t offset) {
  const std::optional<std::string> text = job_file_text(file);
  if (!text) return {};
  const auto place = find_place(*text, path, offset, process_environment());
  return place ? fmt::format("{}:{}:{}", file, place->line, place->column) : std::string();
}

}  // namespace backfill
