#include "config/yaml_document.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <libfyaml.h>

namespace backfill::config {
namespace {

constexpr int depth_max = 32;
constexpr std::size_t nodes_max = 20'000;

struct DiagCloser {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
struct ParserCloser {
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};

/// The events of libfyaml's parser, made into nodes. Reading ends at the first syntax error: what
/// follows it cannot be trusted.
class Builder {
 public:
  explicit Builder(const SourceText& source) : source_(source) {
    fy_diag_cfg output{};
    fy_diag_cfg_default(&output);
    output.fp = nullptr;
    output.output_fn = nullptr;
    output.level = FYET_ERROR;
    diag_.reset(fy_diag_create(&output));
    fy_diag_set_collect_errors(diag_.get(), true);
    fy_parse_cfg settings{};
    settings.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                                     FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE);
    settings.diag = diag_.get();
    parser_.reset(fy_parser_create(&settings));
  }

  YamlDocument build() {
    const std::string_view text = source_.text();
    if (!parser_ || fy_parser_set_string(parser_.get(), text.data(), text.size()) != 0) {
      report({1, 1}, "the file could not be read as YAML");
      return std::move(document_);
    }
    int documents = 0;
    while (Event event = next()) {
      if (event->type == FYET_DOCUMENT_START && ++documents > 1) {
        report(position(event),
               "a job file holds one document; put the next job into its own file");
        break;
      }
      const bool content = event->type == FYET_SCALAR || event->type == FYET_MAPPING_START ||
                           event->type == FYET_SEQUENCE_START || event->type == FYET_ALIAS;
      if (content) document_.root = node(event, {1, 1}, 0);
      if (gave_up_) break;
    }
    report_syntax_errors();
    return std::move(document_);
  }

 private:
  /// An event goes back to its parser.
  struct EventCloser {
    fy_parser* parser = nullptr;
    void operator()(fy_event* event) const { fy_parser_event_free(parser, event); }
  };
  using Event = std::unique_ptr<fy_event, EventCloser>;

  Event next() { return Event(fy_parser_parse(parser_.get()), EventCloser{parser_.get()}); }

  void report(Position at, std::string message) {
    document_.problems.push_back({at, std::move(message)});
  }

  [[nodiscard]] std::optional<std::size_t> byte(const Event& event) const {
    const fy_mark* mark = fy_event_start_mark(event.get());
    if (mark == nullptr) return std::nullopt;
    return mark->input_pos;
  }

  [[nodiscard]] Position position(const Event& event) const {
    return source_.position_of(byte(event).value_or(last_byte_));
  }

  /// libfyaml places an anchor, alias or tag at its name; people look for its first character.
  [[nodiscard]] Position sign_position(std::size_t at, char sign) const {
    const std::string_view text = source_.text();
    if (at > 0 && at <= text.size() && (at == text.size() || text[at] != sign) &&
        text[at - 1] == sign) {
      --at;
    }
    return source_.position_of(at);
  }

  void refuse_properties(fy_token* anchor, fy_token* tag) {
    if (anchor != nullptr) {
      if (const fy_mark* mark = fy_token_start_mark(anchor)) {
        report(sign_position(mark->input_pos, '&'),
               "anchors (&name) are not used in job files; write the value where it belongs");
      }
    }
    if (tag != nullptr) {
      if (const fy_mark* mark = fy_token_start_mark(tag)) {
        report(sign_position(mark->input_pos, '!'),
               "tags (!name) are not used in job files; a value's type follows from its key");
      }
    }
  }

  /// `fallback` is where a value that was left out is reported.
  Node node(const Event& event, Position fallback, int depth) {
    if (const auto at = byte(event)) last_byte_ = *at;
    if (++nodes_ > nodes_max || depth > depth_max) {
      if (!gave_up_) report(position(event), "the file holds more than a job file can mean");
      gave_up_ = true;
      return refused(fallback);
    }
    switch (event->type) {
      case FYET_SCALAR:
        refuse_properties(event->scalar.anchor, event->scalar.tag);
        return scalar(event, fallback);
      case FYET_MAPPING_START:
        refuse_properties(event->mapping_start.anchor, event->mapping_start.tag);
        return mapping(event, depth);
      case FYET_SEQUENCE_START:
        refuse_properties(event->sequence_start.anchor, event->sequence_start.tag);
        return sequence(event, depth);
      default:
        report(sign_position(byte(event).value_or(last_byte_), '*'),
               "aliases (*name) are not used in job files; write the value where it belongs");
        return refused(fallback);
    }
  }

  static Node refused(Position at) {
    Node node;
    node.position = at;
    node.refused = true;
    return node;
  }

  Node scalar(const Event& event, Position fallback) {
    Node node;
    fy_token* token = event->scalar.value;
    const fy_mark* begin = token == nullptr ? nullptr : fy_token_start_mark(token);
    const fy_mark* end = token == nullptr ? nullptr : fy_token_end_mark(token);
    if (begin == nullptr || end == nullptr) {
      node.left_out = true;
      node.position = fallback;
      return node;
    }
    std::size_t length = 0;
    const char* text = fy_token_get_text(token, &length);
    if (text != nullptr) node.parsed.assign(text, length);
    node.value = node.parsed;
    node.raw = {style(fy_token_scalar_style(token)), begin->input_pos, end->input_pos};
    const bool quoted = node.raw.style == ScalarStyle::single_quoted ||
                        node.raw.style == ScalarStyle::double_quoted;
    node.position = quoted ? source_.position_of(node.raw.begin - 1)
                           : source_.position_of(source_.byte_of(node.raw, node.parsed, 0));
    return node;
  }

  static ScalarStyle style(fy_scalar_style style) {
    switch (style) {
      case FYSS_SINGLE_QUOTED: return ScalarStyle::single_quoted;
      case FYSS_DOUBLE_QUOTED: return ScalarStyle::double_quoted;
      case FYSS_LITERAL:
      case FYSS_FOLDED: return ScalarStyle::block;
      default: return ScalarStyle::plain;
    }
  }

  Node sequence(const Event& start, int depth) {
    Node node;
    node.shape = Node::Shape::sequence;
    node.position = position(start);
    for (Event event = next(); event && event->type != FYET_SEQUENCE_END; event = next()) {
      node.items.push_back(this->node(event, node.position, depth + 1));
      if (gave_up_) break;
    }
    return node;
  }

  Node mapping(const Event& start, int depth) {
    Node node;
    node.shape = Node::Shape::mapping;
    node.position = position(start);
    std::unordered_map<std::string, int> lines;  // where each key was first seen
    for (Event event = next(); event && event->type != FYET_MAPPING_END; event = next()) {
      const Position key_position = position(event);
      Node key = this->node(event, key_position, depth + 1);
      event = next();
      if (!event || gave_up_) break;
      Node value = this->node(event, key.position, depth + 1);
      if (gave_up_) break;
      if (key_is_usable(lines, key, key_position)) {
        node.keys.push_back(std::move(key));
        node.items.push_back(std::move(value));
      }
    }
    return node;
  }

  bool key_is_usable(std::unordered_map<std::string, int>& lines, const Node& key, Position at) {
    if (key.refused) return false;
    if (key.shape != Node::Shape::scalar || key.left_out || key.parsed.empty()) {
      report(key.shape == Node::Shape::scalar ? key.position : at, "a key must be a word");
      return false;
    }
    if (key.parsed == "<<" && key.plain()) {
      report(key.position, "merge keys (<<) are not used in job files; write the keys themselves");
      return false;
    }
    const auto [first, fresh] = lines.emplace(key.parsed, key.position.line);
    if (fresh) return true;
    report(key.position, fmt::format("the key \"{}\" is here twice; the first is on line {}",
                                     key.parsed, first->second));
    return false;
  }

  void report_syntax_errors() {
    void* at = nullptr;
    bool any = false;
    while (const fy_diag_error* error = fy_diag_errors_iterate(diag_.get(), &at)) {
      any = true;
      // The parser counts one line more where the last one has no end.
      const Position at_most = source_.position_of(source_.text().size());
      const Position told{std::max(error->line, 1), std::max(error->column, 1)};
      report(std::min(told, at_most), fmt::format("not valid YAML: {}", error->msg));
    }
    if (!any && fy_parser_get_stream_error(parser_.get())) {
      report(source_.position_of(last_byte_), "not valid YAML");
    }
    if (any || gave_up_) document_.root.reset();
  }

  const SourceText& source_;
  std::unique_ptr<fy_diag, DiagCloser> diag_;
  std::unique_ptr<fy_parser, ParserCloser> parser_;
  YamlDocument document_;
  std::size_t nodes_ = 0;
  std::size_t last_byte_ = 0;
  bool gave_up_ = false;
};

}  // namespace

YamlDocument parse_yaml(const SourceText& source) {
  return Builder(source).build();
}

}  // namespace backfill::config
