#include "config/field_reader.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "config/variables.hpp"
#include "config/yaml_number.hpp"
#include "core/duration_text.hpp"
#include "core/nearest.hpp"

namespace backfill::config {
namespace {

constexpr std::size_t shown_bytes_max = 40;

std::string shortened(std::string_view text) {
  if (text.size() <= shown_bytes_max) return std::string(text);
  std::size_t end = shown_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

bool has_variable(const Node& node) {
  return std::any_of(node.segments.begin(), node.segments.end(),
                     [](const Segment& segment) { return segment.substituted; });
}

}  // namespace

bool is_null(const Node& node) {
  if (node.shape != Node::Shape::scalar) return false;
  if (node.left_out) return true;
  const std::string_view text = node.value;
  return node.plain() &&
         (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
}

std::string shown(const Node& node) {
  if (node.shape == Node::Shape::sequence) return "a list";
  if (node.shape == Node::Shape::mapping) return "a mapping";
  if (has_variable(node)) return fmt::format("what {} holds", shortened(node.parsed));
  if (node.plain()) return shortened(node.value);
  return fmt::format("the text \"{}\"", shortened(node.value));
}

void FieldReader::report(Position position, std::string message) {
  problems_.push_back({position, std::move(message)});
}

void FieldReader::report_in(const Node& scalar, std::size_t offset, std::string message) {
  report(position_in(scalar, offset, source_), std::move(message));
}

void FieldReader::refuse(const Field& field, const Node& node, std::string_view more) {
  report(node.position, fmt::format("{} must be {}, not {}{}", field.path, describe(field.type),
                                    shown(node), more));
}

std::optional<std::string_view> FieldReader::text(std::string_view label, std::string_view wants,
                                                  const Node& node) {
  if (node.refused) return std::nullopt;
  if (node.shape != Node::Shape::scalar) {
    report(node.position, fmt::format("{} must be {}, not {}", label, wants, shown(node)));
    return std::nullopt;
  }
  // A variable that holds the letters "null" is a text like any other.
  const bool null = is_null(node) && !(has_variable(node) && !node.value.empty());
  const bool blank = node.value.find_first_not_of(" \t\r\n") == std::string::npos;
  if (!null && !blank) return node.value;
  if (has_variable(node)) {
    report(node.position, fmt::format("{} is empty: {} holds nothing; {} is wanted", label,
                                      shortened(node.parsed), wants));
  } else {
    report(node.position, fmt::format("{} is empty; {} is wanted", label, wants));
  }
  return std::nullopt;
}

void FieldReader::read(const Field& field, const Node& node) {
  if (node.refused) return;
  std::visit([&](const auto& type) { read_as(type, field, node); }, field.type);
}

void FieldReader::read_as(const WholeNumber& type, const Field& field, const Node& node) {
  if (type.nullable && !node.left_out && is_null(node) && !node.value.empty()) {
    return type.store(job_, std::nullopt);
  }
  if (node.shape == Node::Shape::scalar && !text(field.path, describe(field.type), node)) return;
  const std::optional<std::int64_t> number = whole_number(node);
  if (!number || *number < type.low || *number > type.high) return refuse(field, node);
  type.store(job_, number);
}

void FieldReader::read_as(const Decimal& type, const Field& field, const Node& node) {
  if (node.shape == Node::Shape::scalar && !text(field.path, describe(field.type), node)) return;
  const std::optional<double> number = decimal_number(node);
  if (!number) return refuse(field, node);
  type.store(job_, *number);
}

void FieldReader::read_as(const TimeSpan& type, const Field& field, const Node& node) {
  const auto value = text(field.path, describe(field.type), node);
  if (!value) return;
  if (!type.word.empty() && *value == type.word) return type.store(job_, std::nullopt);
  const Parsed<std::chrono::milliseconds> span = parse_duration(*value);
  if (!span) {
    return report_in(node, span.problem().offset,
                     fmt::format("{}: {}", field.path, span.problem().message));
  }
  if (*span < type.low || *span > type.high) return refuse(field, node);
  type.store(job_, *span);
}

void FieldReader::read_as(const Choice& type, const Field& field, const Node& node) {
  const auto value = text(field.path, describe(field.type), node);
  if (!value) return;
  const auto found = std::find(type.words.begin(), type.words.end(), *value);
  if (found != type.words.end()) {
    return type.store(job_, static_cast<std::size_t>(found - type.words.begin()));
  }
  const auto nearest = has_variable(node) ? std::nullopt : nearest_word(*value, type.words);
  refuse(field, node, nearest ? fmt::format("; did you mean {}?", *nearest) : "");
}

void FieldReader::read_as(const Text& type, const Field& field, const Node& node) {
  const auto value = text(field.path, type.wants, node);
  if (!value) return;
  if (const auto problem = type.store(job_, *value)) {
    report_in(node, problem->offset, fmt::format("{}: {}", field.path, problem->message));
  }
}

void FieldReader::read_as(const TextList& type, const Field& field, const Node& node) {
  if (node.shape == Node::Shape::mapping) return refuse(field, node);
  type.clear(job_);
  const bool list = node.shape == Node::Shape::sequence;
  if (list && node.items.empty()) {
    return report(node.position, fmt::format("{} is empty; {} is wanted", field.path, type.wants));
  }
  const std::span<const Node> items =
      list ? std::span<const Node>(node.items) : std::span<const Node>(&node, 1);
  for (const Node& item : items) {
    const auto value = text(field.path, type.wants, item);
    if (!value) continue;
    if (const auto problem = type.append(job_, *value)) {
      report_in(item, problem->offset, fmt::format("{}: {}", field.path, problem->message));
    }
  }
}

void FieldReader::read_as(const Structure& type, const Field& field, const Node& node) {
  if (node.shape == Node::Shape::scalar) {
    const auto value = text(field.path, type.wants, node);
    if (!value) return;
    if (!type.word.empty() && *value == type.word) return type.choose_word(job_);
  }
  if (node.shape != type.shape) return refuse(field, node);
  if (node.items.empty()) {
    return report(node.position, fmt::format("{} is empty; {} is wanted", field.path, type.wants));
  }
  type.read(*this, node);
}

}  // namespace backfill::config
