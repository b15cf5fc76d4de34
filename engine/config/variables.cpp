#include "config/variables.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace backfill::config {
namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(std::string_view text) {
  return !text.empty() && is_name_start(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_name_start(c) || (c >= '0' && c <= '9'); });
}

class Replacer {
 public:
  Replacer(Node& node, const SourceText& source, const Environment& environment,
           std::vector<PlacedProblem>& problems)
      : node_(node), source_(source), environment_(environment), problems_(problems) {}

  void replace() {
    const std::string_view text = node_.parsed;
    std::size_t at = 0;
    while (true) {
      const std::size_t found = text.find("${", at);
      if (found == std::string_view::npos) break;
      if (found > at && text[found - 1] == '$') {
        keep(at, found - 1);
        keep(found, found + 2);
        at = found + 2;
        continue;
      }
      keep(at, found);
      const std::size_t close = text.find('}', found);
      if (close == std::string_view::npos) {
        report(found, "the variable has no closing }; write $${ for a literal ${");
        at = found;
        break;
      }
      insert(found, text.substr(found + 2, close - found - 2));
      at = close + 1;
    }
    if (segments_.empty()) return;
    keep(at, text.size());
    node_.value = std::move(value_);
    node_.segments = std::move(segments_);
  }

 private:
  void report(std::size_t parsed_offset, std::string message) {
    const std::size_t byte = source_.byte_of(node_.raw, node_.parsed, parsed_offset);
    problems_.push_back({source_.position_of(byte), std::move(message)});
    node_.refused = true;
  }

  void keep(std::size_t begin, std::size_t end) {
    segments_.push_back({value_.size(), begin, false});
    value_ += std::string_view(node_.parsed).substr(begin, end - begin);
  }

  /// `inside` is what stands between the braces that open at `at`.
  void insert(std::size_t at, std::string_view inside) {
    const std::size_t colon = inside.find(":-");
    const std::string_view name = inside.substr(0, colon);
    segments_.push_back({value_.size(), at, true});
    if (!is_name(name)) {
      report(at, "a variable is written ${NAME} or ${NAME:-default}; write $${ for a literal ${");
      return;
    }
    const std::optional<std::string> found = environment_(name);
    if (colon != std::string_view::npos && (!found || found->empty())) {
      value_ += inside.substr(colon + 2);
    } else if (!found) {
      report(at, fmt::format("the variable {0} is not set; set it, or give a default: ${{{0}:-…}}",
                             name));
    } else if (problem_of_encoding(*found)) {
      report(at, fmt::format("the variable {} holds bytes that cannot stand in a job file", name));
    } else {
      value_ += *found;
    }
  }

  Node& node_;
  const SourceText& source_;
  const Environment& environment_;
  std::vector<PlacedProblem>& problems_;
  std::string value_;
  std::vector<Segment> segments_;
};

}  // namespace

void replace_variables(Node& node, const SourceText& source, const Environment& environment,
                       std::vector<PlacedProblem>& problems) {
  for (Node& item : node.items) replace_variables(item, source, environment, problems);
  if (node.shape == Node::Shape::scalar && !node.refused) {
    Replacer(node, source, environment, problems).replace();
  }
}

Position position_in(const Node& scalar, std::size_t offset, const SourceText& source) {
  if (scalar.left_out || scalar.value.empty()) return scalar.position;
  std::size_t parsed = offset;
  if (!scalar.segments.empty()) {
    const auto after = std::upper_bound(
        scalar.segments.begin(), scalar.segments.end(), offset,
        [](std::size_t value, const Segment& segment) { return value < segment.value_begin; });
    const Segment& segment = *(after - 1);
    parsed = segment.parsed_begin + (segment.substituted ? 0 : offset - segment.value_begin);
  }
  return source.position_of(source.byte_of(scalar.raw, scalar.parsed, parsed));
}

}  // namespace backfill::config
