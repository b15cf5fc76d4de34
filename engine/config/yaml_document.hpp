#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/source_text.hpp"

/// YAML as job files use it: one document of mappings, sequences and scalars. Anchors, aliases,
/// tags and merge keys are refused, so that what a file says can be read where it stands.
namespace backfill::config {

/// A stretch of a scalar's value. Text that a variable brought in leads back to its `${`.
struct Segment {
  std::size_t value_begin = 0;   ///< in `Node::value`
  std::size_t parsed_begin = 0;  ///< in `Node::parsed`
  bool substituted = false;
};

struct Node {
  enum class Shape { scalar, sequence, mapping };

  Shape shape = Shape::scalar;
  Position position;  ///< of the value; for one that is left out, of its key

  // scalar
  RawScalar raw;
  std::string parsed;             ///< as YAML reads it
  std::string value;              ///< `parsed` with variables replaced
  std::vector<Segment> segments;  ///< empty when nothing was replaced
  bool left_out = false;          ///< `key:` with nothing after it
  bool refused = false;           ///< already reported; there is no value to look at

  // sequence: `items`; mapping: `items[i]` is the value of `keys[i]`
  std::vector<Node> keys;
  std::vector<Node> items;

  [[nodiscard]] bool plain() const { return raw.style == ScalarStyle::plain; }
};

/// A problem with a place in the file.
struct PlacedProblem {
  Position position;
  std::string message;
};

struct YamlDocument {
  std::optional<Node> root;
  std::vector<PlacedProblem> problems;  ///< with some of them the root may be incomplete
};

[[nodiscard]] YamlDocument parse_yaml(const SourceText& source);

}  // namespace backfill::config
