#include "core/deparsed_sql.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "core/deparsed_words.hpp"
#include "core/sql_text.hpp"

namespace backfill {

namespace {

/// Copies the text with the words at some places exchanged.
class Edit {
 public:
  explicit Edit(std::string_view text) : text_(text) {}

  void replace(const SqlToken& token, std::string_view by) {
    result_.append(text_.substr(copied_, token.begin - copied_)).append(by);
    copied_ = token.end;
  }
  [[nodiscard]] std::string finish() { return result_.append(text_.substr(copied_)); }

 private:
  std::string_view text_;
  std::string result_;
  std::size_t copied_ = 0;
};

/// The words that stand before or behind a name which is a column's. `EXTRACT(year FROM …)` is the
/// one place where the server prints a word of its own in lower case.
bool stands_for_column(const DeparsedWords& words, std::size_t at) {
  if (words.is(at + 1, "(") || words.is(at + 1, ".")) return false;
  if (words.is(at + 1, "=") && words.is(at + 2, ">")) return false;
  if (at == 0) return true;
  if (words.is(at - 1, ".") || words.is(at - 1, "COLLATE")) return false;
  return !(at >= 2 && words.is(at - 1, "(") && words.is(at - 2, "EXTRACT"));
}

bool is_row(std::string_view name) {
  return name == "old" || name == "new";
}

std::string renamed(std::string_view text, const ColumnNames& names, bool in_rows) {
  const DeparsedWords words(text);
  Edit edit(text);
  for (std::size_t i = 0; i < words.size();) {
    const std::size_t behind = words.skip_type(i);
    if (behind != i) {
      i = behind;
      continue;
    }
    if (const auto name = words.name(i)) {
      const auto found = names.find(*name);
      const bool column = in_rows ? i >= 2 && words.is(i - 1, ".") &&
                                        is_row(words.name(i - 2).value_or("")) &&
                                        !(i >= 3 && words.is(i - 3, "."))
                                  : stands_for_column(words, i);
      if (found != names.end() && column) {
        edit.replace(words[i], quote_identifier(found->second));
      }
    }
    ++i;
  }
  return edit.finish();
}

constexpr std::array<std::string_view, 3> row_orders{"ASC", "DESC", "NULLS"};

/// `lower(a) COLLATE "C" text_pattern_ops (x='1') DESC NULLS LAST`: the expression is the first
/// bracket, call or name; the operator class is the name behind the collation.
IndexText::Key read_index_key(std::string_view text) {
  const DeparsedWords words(text);
  IndexText::Key key;
  std::size_t at = 0;
  if (!words.is(0, "(")) at = words.skip_name(0);
  if (words.is(at, "(")) at = words.skip_bracket(at);
  const std::size_t end = at == 0 ? 0 : words[at - 1].end;
  key.expression = std::string(text.substr(0, end));
  key.order = std::string(text.substr(end));
  if (words.is(at, "COLLATE")) at = words.skip_name(at + 1);
  const bool ends =
      at >= words.size() || std::ranges::find(row_orders, words.text(at)) != row_orders.end();
  if (!ends) {
    key.operator_class = std::string(
        text.substr(words[at].begin, words[words.skip_name(at) - 1].end - words[at].begin));
  }
  return key;
}

std::string list_of(const std::vector<std::string>& parts) {
  std::string list;
  for (const std::string& part : parts) list += (list.empty() ? "" : ", ") + part;
  return list;
}

}  // namespace

std::string rename_columns(std::string_view expression, const ColumnNames& names) {
  return renamed(expression, names, false);
}

std::string rename_row_columns(std::string_view condition, const ColumnNames& names) {
  return renamed(condition, names, true);
}

std::string replace_relation(std::string_view query, const QualifiedName& relation,
                             std::string_view source) {
  const DeparsedWords words(query);
  Edit edit(query);
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words.name(i) != relation.schema || !words.is(i + 1, ".") ||
        words.name(i + 2) != relation.name || (i > 0 && words.is(i - 1, "."))) {
      continue;
    }
    if (words.is(i + 3, ".") || words.is(i + 3, "(") || (i > 0 && words.is(i - 1, ":"))) continue;
    // The server prints its keywords in upper case and quotes such names, so that a bare or quoted
    // word without capitals behind the relation is its alias.
    const bool alias = words.name(i + 3).has_value() && !words.is_keyword(i + 3);
    // No table of ours has children, so that ONLY says nothing; a subquery cannot follow it.
    SqlToken place = words[i > 0 && words.is(i - 1, "ONLY") ? i - 1 : i];
    place.end = words[i + 2].end;
    edit.replace(place, std::string(source) + (alias ? "" : " " + quote_identifier(relation.name)));
    i += 2;
  }
  return edit.finish();
}

std::optional<IndexText> read_index_text(std::string_view definition) {
  const DeparsedWords words(definition);
  IndexText index;
  std::size_t at = 0;
  if (!words.is(at++, "CREATE")) return std::nullopt;
  if (words.is(at, "UNIQUE")) {
    index.unique = true;
    ++at;
  }
  while (at < words.size() && !words.is(at, "USING")) ++at;
  if (at + 2 >= words.size() || !words.is(at + 2, "(")) return std::nullopt;
  index.method = std::string(words.text(at + 1));
  at += 2;
  for (const std::string& key : words.split_bracket(at)) index.keys.push_back(read_index_key(key));
  at = words.skip_bracket(at);
  if (words.is(at, "INCLUDE")) {
    index.include = words.split_bracket(at + 1);
    at = words.skip_bracket(at + 1);
  }
  if (words.is(at, "NULLS")) {
    index.nulls_not_distinct = true;
    at += 3;
  }
  if (words.is(at, "WITH")) {
    const std::size_t begin = words[at].begin;
    at = words.skip_bracket(at + 1);
    index.options = std::string(definition.substr(begin, words[at - 1].end - begin));
  }
  if (words.is(at, "WHERE") && at + 1 < words.size()) {
    index.predicate = std::string(definition.substr(words[at + 1].begin));
    at = words.size();
  }
  if (at != words.size() || index.keys.empty()) return std::nullopt;
  return index;
}

std::string index_body(const IndexText& index, std::string_view tablespace,
                       const ColumnNames& names) {
  std::vector<std::string> keys;
  for (const IndexText::Key& key : index.keys) {
    keys.push_back(rename_columns(key.expression, names) + key.order);
  }
  std::vector<std::string> include;
  for (const std::string& column : index.include) include.push_back(rename_columns(column, names));
  std::string body = "USING " + index.method + " (" + list_of(keys) + ")";
  if (!include.empty()) body += " INCLUDE (" + list_of(include) + ")";
  if (index.nulls_not_distinct) body += " NULLS NOT DISTINCT";
  if (!index.options.empty()) body += " " + index.options;
  if (!tablespace.empty()) body += " TABLESPACE " + quote_identifier(tablespace);
  if (!index.predicate.empty()) body += " WHERE " + rename_columns(index.predicate, names);
  return body;
}

std::optional<StatisticsText> read_statistics_text(std::string_view definition,
                                                   const ColumnNames& names) {
  const DeparsedWords words(definition);
  std::size_t on = 0;
  while (on < words.size() && !words.is(on, "ON")) ++on;
  std::size_t from = words.size();
  while (from > 0 && !words.is(from - 1, "FROM")) --from;
  if (on + 1 >= words.size() || from == 0 || from - 1 <= on + 1) return std::nullopt;
  StatisticsText text;
  if (words.is(on - 1, ")")) {
    std::size_t open = on - 1;
    while (open > 0 && !words.is(open, "(")) --open;
    text.kinds =
        std::string(definition.substr(words[open].begin, words[on - 1].end - words[open].begin));
  }
  const std::size_t begin = words[on + 1].begin;
  text.columns = rename_columns(definition.substr(begin, words[from - 2].end - begin), names);
  return text;
}

std::optional<std::string> string_constant(std::string_view default_sql) {
  const DeparsedWords words(default_sql);
  if (words.size() == 0 || words[0].kind != SqlTokenKind::string) return std::nullopt;
  if (words.size() > 1 && words.skip_type(1) != words.size()) return std::nullopt;
  return std::string(words.text(0));
}

bool calls_function(std::string_view default_sql) {
  const DeparsedWords words(default_sql);
  for (std::size_t i = 0; i < words.size();) {
    const std::size_t behind = words.skip_type(i);
    if (behind != i) {
      i = behind;
      continue;
    }
    if (words.name(i) && words.is(i + 1, "(")) return true;
    ++i;
  }
  return false;
}

}  // namespace backfill
