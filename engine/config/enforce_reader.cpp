#include "config/enforce_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/nearest.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"

namespace backfill::config {
namespace {

constexpr std::array<std::string_view, 3> orphans_words{"refuse", "delete", "set_null"};
constexpr std::array<std::string_view, 5> on_delete_words{"no action", "restrict", "cascade",
                                                          "set null", "set default"};

/// One item of the list: what its first word makes it, and the keys that may stand beside that.
struct StepForm {
  std::string_view word;
  std::span<const std::string_view> keys;  ///< the word itself among them
  std::optional<EnforceStep> (*read)(class StepReader&);
};

/// The values of one item, by their keys.
class StepReader {
 public:
  StepReader(FieldReader& reader, const Node& item, std::string_view word)
      : reader_(reader), item_(item), word_(word) {}

  [[nodiscard]] const Node* find(std::string_view key) const {
    const auto found = std::ranges::find(item_.keys, key, &Node::parsed);
    if (found == item_.keys.end()) return nullptr;
    return &item_.items[static_cast<std::size_t>(found - item_.keys.begin())];
  }

  [[nodiscard]] const Node& own() const { return *find(word_); }

  [[nodiscard]] std::string label(std::string_view key) const {
    return key == word_ ? fmt::format("enforce.{}", key)
                        : fmt::format("{} of {} in enforce", key, word_);
  }

  void report(const Node& scalar, const TextProblem& problem, std::string_view key) {
    reader_.report_in(scalar, problem.offset, fmt::format("{}: {}", label(key), problem.message));
  }

  void report_missing(std::string_view key, std::string_view wants) {
    reader_.report(item_.position, fmt::format("{} is missing: {} is wanted", label(key), wants));
  }

  [[nodiscard]] std::optional<std::string_view> text(const Node& node, std::string_view key,
                                                     std::string_view wants) {
    return reader_.text(label(key), wants, node);
  }

  [[nodiscard]] std::optional<std::string> column(const Node& node, std::string_view key) {
    const auto read = text(node, key, "a column's name");
    if (!read) return std::nullopt;
    const Parsed<std::string> name = parse_identifier(*read);
    if (!name) {
      report(node, name.problem(), key);
      return std::nullopt;
    }
    return *name;
  }

  /// One name or a list of them; empty when one was not read.
  [[nodiscard]] std::vector<std::string> columns(std::string_view key) {
    std::vector<std::string> names;
    for (const Node* node : scalars(key, "a column's name or a list of them")) {
      const auto name = column(*node, key);
      if (!name) return {};
      if (std::ranges::find(names, *name) != names.end()) {
        reader_.report_in(*node, 0,
                          fmt::format("{}: column {} is here twice", label(key), name_text(*name)));
        return {};
      }
      names.push_back(*name);
    }
    return names;
  }

  [[nodiscard]] std::vector<const Node*> scalars(std::string_view key, std::string_view wants) {
    const Node& node = *find(key);
    if (node.shape == Node::Shape::scalar) return {&node};
    if (node.shape == Node::Shape::mapping || node.items.empty()) {
      reader_.report(node.position, fmt::format("{} must be {}", label(key), wants));
      return {};
    }
    std::vector<const Node*> nodes;
    for (const Node& each : node.items) nodes.push_back(&each);
    return nodes;
  }

  [[nodiscard]] std::optional<std::string> expression(const Node& node, std::string_view key,
                                                      std::string_view wants) {
    const auto read = text(node, key, wants);
    if (!read) return std::nullopt;
    if (const auto problem = check_expression(*read)) {
      report(node, *problem, key);
      return std::nullopt;
    }
    return without_comments(*read);
  }

  /// The name of the constraint or index: whether it could be read, and none when it is not there.
  [[nodiscard]] bool name(std::optional<std::string>* into) {
    const Node* node = find("name");
    if (node == nullptr) return true;
    *into = column(*node, "name");
    return into->has_value();
  }

  template <std::size_t N>
  [[nodiscard]] std::optional<std::size_t> word(const Node& node, std::string_view key,
                                                const std::array<std::string_view, N>& words) {
    const std::string wants = fmt::format("one of {}", fmt::join(words, ", "));
    const auto read = text(node, key, wants);
    if (!read) return std::nullopt;
    const auto found = std::ranges::find(words, *read);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    const auto near = nearest_word(*read, words);
    reader_.report(node.position,
                   fmt::format("{} must be {}, not {}{}", label(key), wants, shown(node),
                               near ? fmt::format("; did you mean {}?", *near) : ""));
    return std::nullopt;
  }

 private:
  FieldReader& reader_;
  const Node& item_;
  std::string_view word_;
};

std::optional<EnforceStep> read_not_null(StepReader& step) {
  const auto column = step.column(step.own(), "not_null");
  if (!column) return std::nullopt;
  return EnforceNotNull{*column};
}

std::optional<EnforceStep> read_unique(StepReader& step) {
  EnforceUnique unique;
  unique.columns = step.columns("unique");
  if (!step.name(&unique.name) || unique.columns.empty()) return std::nullopt;
  return unique;
}

std::optional<EnforceStep> read_check(StepReader& step) {
  EnforceCheck check;
  const auto expression = step.expression(step.own(), "check", "a SQL condition");
  if (!step.name(&check.name) || !expression) return std::nullopt;
  check.expression = *expression;
  return check;
}

/// `plans (id)`, `"My Schema".plans(tenant, id)`.
bool read_references(StepReader& step, EnforceForeignKey* key) {
  constexpr std::string_view wants = "a table and its columns, such as plans (id)";
  const Node* node = step.find("references");
  if (node == nullptr) {
    step.report_missing("references", wants);
    return false;
  }
  const auto text = step.text(*node, "references", wants);
  if (!text) return false;
  const std::size_t open = text->find_last_of('(');
  const std::size_t close = text->find_last_not_of(" \t\r\n");
  if (open == std::string_view::npos || (*text)[close] != ')') {
    step.report(*node, {0, fmt::format("{} is wanted", wants)}, "references");
    return false;
  }
  const Parsed<QualifiedName> table = parse_qualified_name(text->substr(0, open));
  if (!table) {
    step.report(*node, table.problem(), "references");
    return false;
  }
  key->references = *table;
  std::string_view list = text->substr(open + 1, close - open - 1);
  while (true) {
    const std::size_t comma = list.find(',');
    const Parsed<std::string> column = parse_identifier(list.substr(0, comma));
    if (!column) {
      step.report(*node, {open + 1, column.problem().message}, "references");
      return false;
    }
    key->referenced.push_back(*column);
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

std::optional<EnforceStep> read_foreign_key(StepReader& step) {
  EnforceForeignKey key;
  key.columns = step.columns("foreign_key");
  bool fits = !key.columns.empty();
  fits = read_references(step, &key) && fits;
  if (const Node* node = step.find("orphans")) {
    const auto word = step.word(*node, "orphans", orphans_words);
    if (word) key.orphans = static_cast<Orphans>(*word);
    fits = word.has_value() && fits;
  }
  if (const Node* node = step.find("on_delete")) {
    const auto word = step.word(*node, "on_delete", on_delete_words);
    if (word && *word > 0) key.on_delete = on_delete_words[*word];
    fits = word.has_value() && fits;
  }
  fits = step.name(&key.name) && fits;
  if (!fits) return std::nullopt;
  if (key.columns.size() != key.referenced.size()) {
    step.report(*step.find("references"),
                {0, fmt::format("it names {} column{}, and foreign_key {}", key.referenced.size(),
                                key.referenced.size() == 1 ? "" : "s", key.columns.size())},
                "references");
    return std::nullopt;
  }
  return key;
}

std::optional<EnforceIndex::Element> read_element(StepReader& step, const Node& node) {
  const auto text = step.text(node, "index", "a column's name or a SQL expression");
  if (!text) return std::nullopt;
  const Parsed<std::string> column = parse_identifier(*text);
  if (column) return EnforceIndex::Element{*column, true};
  if (const auto problem = check_expression(*text)) {
    step.report(node, *problem, "index");
    return std::nullopt;
  }
  return EnforceIndex::Element{without_comments(*text), false};
}

std::optional<EnforceStep> read_index(StepReader& step) {
  EnforceIndex index;
  bool fits = true;
  for (const Node* node : step.scalars("index", "a column, an expression or a list of them")) {
    auto element = read_element(step, *node);
    if (element) index.elements.push_back(*std::move(element));
    fits = fits && element.has_value();
  }
  if (const Node* node = step.find("where")) {
    index.where = step.expression(*node, "where", "a SQL condition");
    fits = fits && index.where;
  }
  if (const Node* node = step.find("using")) {
    index.method = step.column(*node, "using");
    fits = fits && index.method;
  }
  fits = step.name(&index.name) && fits;
  if (!fits || index.elements.empty()) return std::nullopt;
  const bool only_columns = std::ranges::all_of(index.elements, &EnforceIndex::Element::is_column);
  if (!only_columns && !index.name) {
    step.report_missing("name", "a name for an index that is not on columns alone");
    return std::nullopt;
  }
  return index;
}

std::optional<EnforceStep> read_default(StepReader& step) {
  const Node& own = step.own();
  if (own.shape != Node::Shape::mapping || own.keys.size() != 1) {
    step.report(own,
                {0,
                 "one column with the expression of its default is wanted, such as "
                 "{status: \"'new'\"}"},
                "default");
    return std::nullopt;
  }
  const auto column = step.column(own.keys.front(), "default");
  const auto expression =
      step.expression(own.items.front(), "default", "the expression of a default");
  if (!column || !expression) return std::nullopt;
  return EnforceDefault{*column, *expression};
}

constexpr std::array<std::string_view, 1> not_null_keys{"not_null"};
constexpr std::array<std::string_view, 2> unique_keys{"unique", "name"};
constexpr std::array<std::string_view, 2> check_keys{"check", "name"};
constexpr std::array<std::string_view, 5> foreign_key_keys{"foreign_key", "references", "orphans",
                                                           "on_delete", "name"};
constexpr std::array<std::string_view, 4> index_keys{"index", "using", "where", "name"};
constexpr std::array<std::string_view, 1> default_keys{"default"};

constexpr std::array<std::string_view, 6> step_words{"not_null",    "unique", "check",
                                                     "foreign_key", "index",  "default"};

std::span<const StepForm> step_forms() {
  static const std::array<StepForm, 6> forms{{
      {step_words[0], not_null_keys, read_not_null},
      {step_words[1], unique_keys, read_unique},
      {step_words[2], check_keys, read_check},
      {step_words[3], foreign_key_keys, read_foreign_key},
      {step_words[4], index_keys, read_index},
      {step_words[5], default_keys, read_default},
  }};
  return forms;
}

void report_strange_key(FieldReader& reader, const StepForm& form, const Node& key) {
  const auto near = nearest_word(key.parsed, form.keys);
  const bool another = std::ranges::find(step_words, key.parsed) != step_words.end();
  std::string advice = another ? std::string{"each item of enforce is one step: begin a new item"}
                       : near  ? fmt::format("did you mean \"{}\"?", *near)
                               : fmt::format("the keys here are: {}", fmt::join(form.keys, ", "));
  reader.report(key.position, fmt::format("unknown key \"{}\" beside {} in enforce; {}", key.parsed,
                                          form.word, advice));
}

void read_step(FieldReader& reader, const Node& item) {
  const StepForm* form = nullptr;
  for (const Node& key : item.keys) {
    const auto found = std::ranges::find(step_forms(), key.parsed, &StepForm::word);
    if (found != step_forms().end() && form == nullptr) form = &*found;
  }
  if (form == nullptr) {
    const Node& key = item.keys.front();
    const auto near = nearest_word(key.parsed, step_words);
    return reader.report(
        key.position,
        fmt::format("unknown step \"{}\" in enforce; {}", key.parsed,
                    near ? fmt::format("did you mean \"{}\"?", *near)
                         : fmt::format("the steps are: {}", fmt::join(step_words, ", "))));
  }
  bool fits = true;
  for (std::size_t i = 0; i < item.keys.size(); ++i) {
    if (std::ranges::find(form->keys, item.keys[i].parsed) == form->keys.end()) {
      report_strange_key(reader, *form, item.keys[i]);
      fits = false;
    }
    fits = fits && !item.items[i].refused;
  }
  if (!fits) return;
  StepReader step(reader, item, form->word);
  auto read = form->read(step);
  if (read) reader.job().enforce.push_back(*std::move(read));
}

}  // namespace

void read_enforce(FieldReader& reader, const Node& list) {
  for (const Node& item : list.items) {
    if (item.refused) continue;
    if (item.shape != Node::Shape::mapping || item.keys.empty()) {
      reader.report(item.position,
                    fmt::format("each item of enforce must be a mapping such as not_null: email, "
                                "not {}",
                                is_null(item) ? "empty" : shown(item)));
      continue;
    }
    read_step(reader, item);
  }
}

}  // namespace backfill::config
