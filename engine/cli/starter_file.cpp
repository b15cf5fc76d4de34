#include "cli/starter_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/figures.hpp"
#include "core/nearest.hpp"
#include "core/sql_name.hpp"

namespace backfill::cli {

namespace {

constexpr std::size_t comment_width = 100;

std::string double_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (std::iscntrl(static_cast<unsigned char>(letter))) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    } else {
      if (letter == '"' || letter == '\\') quoted += '\\';
      quoted += letter;
    }
  }
  return quoted + "\"";
}

/// A text as a plain scalar where YAML would read just that, else in single quotes, or in double
/// ones where it has line breaks and the like.
std::string scalar(std::string_view text) {
  constexpr std::array<std::string_view, 6> words{"null", "true", "false", "yes", "no", "on"};
  const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char letter) {
    return std::isalnum(letter) || letter == '_' || letter == '.' || letter == ' ' ||
           letter == '(' || letter == ')';
  });
  const bool is_word = std::ranges::find(words, text) != words.end();
  if (plain && !is_word && text.front() != ' ' && text.back() != ' ') return std::string(text);
  const auto control = [](unsigned char letter) { return std::iscntrl(letter) != 0; };
  if (std::ranges::any_of(text, control)) return double_quoted(text);
  std::string quoted = "'";
  for (const char letter : text) quoted.append(letter == '\'' ? 2 : 1, letter);
  return quoted + "'";
}

/// Words as comment lines; a line break in a name must not end the comment.
std::string comment(std::string_view text) {
  std::string lines = "#";
  std::size_t length = 1;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (length + 1 + end > comment_width) {
      lines += "\n#";
      length = 1;
    }
    lines += ' ';
    for (const char letter : text.substr(0, end)) {
      lines += letter == '\n' || letter == '\r' ? ' ' : letter;
    }
    length += 1 + end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines + "\n";
}

const TableColumn* column_of(const Starter& starter, const std::string& name) {
  if (!starter.look) return nullptr;
  const auto& columns = starter.look->target.columns;
  const auto found = std::ranges::find(columns, name, &TableColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

std::string about_the_table(const Starter& starter) {
  if (!starter.look) return {};
  const Target& target = starter.look->target;
  std::string size = target.estimated_rows
                         ? fmt::format("about {} rows", grouped(RowCount{*target.estimated_rows}))
                         : std::string("a number of rows that no ANALYZE has counted");
  if (starter.look->bytes) {
    size += " in " + bytes_for_people(*starter.look->bytes);
  }
  std::vector<std::string> key;
  for (const KeyColumn& column : target.key.columns) {
    key.push_back(fmt::format("{} {}", name_text(column.name), column.type));
  }
  std::vector<std::string> columns;
  for (const TableColumn& column : target.columns) {
    columns.push_back(fmt::format("{} {}", name_text(column.name), column.type));
  }
  return "#\n" +
         comment(fmt::format("When this file was made, {} had {}. The job walks along {}.",
                             name_text(target.table), size, fmt::join(key, ", "))) +
         comment(fmt::format("Its columns: {}.", fmt::join(columns, ", ")));
}

std::string head(const Starter& starter) {
  const bool type_copy = starter.kind == JobKind::type_copy;
  std::string text = fmt::format(
      "# {0}: say here what changes and why; it is what a reviewer reads first.\n"
      "#\n"
      "#   backfill lint {1}    checks the file, without a database\n"
      "#   backfill plan {1}    every statement and its locks; changes nothing\n"
      "#   backfill run {1}    starts the job, or goes on where it stands\n",
      starter.name, starter.file);
  text += type_copy ? fmt::format(
                          "#   backfill switch {0}    the new column takes the old one's name\n"
                          "#   backfill rollback {0}    back to the old type, until the drop\n"
                          "#   backfill drop {0}    removes the old column; no way back\n",
                          starter.file)
                    : fmt::format(
                          "#   backfill gate {}    exits 0 once a later migration may rely on it\n",
                          starter.name);
  text += about_the_table(starter);
  text += fmt::format("\nversion: 1\nkind: {}\nname: {}\n", type_copy ? "type-copy" : "backfill",
                      scalar(starter.name));
  const QualifiedName placeholder{"public", "replace_me"};
  text += "\n# As in SQL: public.users, or public.\"Users\" where the case matters.\n";
  return text + fmt::format("table: {}\n", scalar(name_text(starter.table.value_or(placeholder))));
}

constexpr std::string_view pace =
    R"(
# All of the following may be left out, and may change while the job runs (backfill set).
pace:
  connections: 4              # a ceiling; the engine finds its own level under it
throttle:
  replica_lag:
    slow: 1s                  # from here on the pace falls
    stop: 5s                  # here the job waits until the replica has caught up
  lock_wait: 250ms            # no other session waits longer than this for one of our batches
# window: "22:00-06:00 Europe/London" under throttle keeps the job to the night.
)";

/// A column that the new value may well come from: of a new column the one whose name its own
/// begins with (email_normalized, email), else one that is no key, else itself.
std::string source_of(const Starter& starter, const StarterColumn& column) {
  if (!starter.look || column_of(starter, column.name) != nullptr) return column.name;
  const Target& target = starter.look->target;
  const TableColumn* best = nullptr;
  for (const TableColumn& candidate : target.columns) {
    const bool begins = column.name.starts_with(candidate.name);
    if (begins && (best == nullptr || candidate.name.size() > best->name.size())) best = &candidate;
  }
  const auto no_key = [&target](const TableColumn& candidate) {
    return std::ranges::find(target.key.columns, candidate.name, &KeyColumn::name) ==
           target.key.columns.end();
  };
  if (best != nullptr) return best->name;
  const auto other = std::ranges::find_if(target.columns, no_key);
  return other == target.columns.end() ? target.columns.front().name : other->name;
}

std::string backfill_body(const Starter& starter, const std::vector<StarterColumn>& columns) {
  std::string add;
  std::string set;
  std::vector<std::string> needed;
  for (const StarterColumn& column : columns) {
    const std::string name = name_text(column.name);
    const bool there = column_of(starter, column.name) != nullptr;
    if (!there && column.type) {
      add += fmt::format("  - column: {}\n", scalar(fmt::format("{} {}", name, *column.type)));
    }
    const std::string value = fmt::format("replace_me({})", name_text(source_of(starter, column)));
    set += fmt::format("  {}: {}\n", scalar(name), scalar(value));
    needed.push_back(there || !column.type ? fmt::format("{} IS DISTINCT FROM {}", name, value)
                                           : fmt::format("{} IS NULL", name));
  }
  std::string text;
  if (!add.empty()) {
    text += "\n# Columns to create first. One that is there already must have this type.\nadd:\n";
    text += add;
  }
  text +=
      "\n# Each column with the SQL expression of its new value, over the row as it is. The "
      "server\n"
      "# knows no function replace_me: nothing can run before the real expression is here.\nset:\n";
  text += set;
  text +=
      "\n# The rows that need it. The job is done when a sweep of the table finds none that is "
      "left.\n"
      "# Without it every row is visited once; keep it where applying `set` twice would be "
      "wrong.\n";
  text += fmt::format("where: {}\n", scalar(fmt::format("{}", fmt::join(needed, " OR "))));
  text +=
      "\n# What is to hold once that is proven, each put in place online. Needs an application "
      "that\n"
      "# writes the column by then.\n# enforce:\n";
  for (const StarterColumn& column : columns) {
    text += comment(fmt::format("  - not_null: {}", scalar(name_text(column.name))));
  }
  return text;
}

std::string type_copy_body(const Starter& starter, const std::vector<StarterColumn>& columns) {
  std::string text =
      "\n# Each column with its new type, the SQL expression of the new value, and that of the old "
      "one\n"
      "# (over the new value), which a rollback uses for rows written after the "
      "switch.\ncolumns:\n";
  for (const StarterColumn& column : columns) {
    const std::string name = name_text(column.name);
    const TableColumn* there = column_of(starter, column.name);
    const std::string type = column.type.value_or("replace_me");
    text += fmt::format("  {}:\n    type: {}\n    using: {}\n", scalar(name), scalar(type),
                        scalar(fmt::format("{}::{}", name, type)));
    if (there != nullptr) {
      text += fmt::format("    back: {}\n", scalar(fmt::format("{}::{}", name, there->type)));
    }
  }
  return text +
         "\nswitch: manual                # `run` ends before it, `backfill switch` does it; or: "
         "auto\n"
         "drop: manual                  # or: after 24h\n"
         "\n# A concurrent write whose value does not convert: record (the write goes on, the "
         "proof\n"
         "# finds the row and nothing switches) or fail (the application gets the error).\n"
         "on_cast_error: record\n";
}

std::string nearest_column(const Starter& starter, const std::string& name) {
  std::vector<std::string_view> names;
  for (const TableColumn& column : starter.look->target.columns) names.push_back(column.name);
  const auto nearest = nearest_word(name, names);
  return nearest ? fmt::format("; did you mean {}?", name_text(*nearest)) : std::string(".");
}

std::string problem_of_column(const Starter& starter, const StarterColumn& column) {
  const std::string name = name_text(column.name);
  const TableColumn* there = column_of(starter, column.name);
  if (starter.kind == JobKind::type_copy) {
    if (starter.look && there == nullptr) {
      return fmt::format("{} has no column {}{}", name_text(starter.look->target.table), name,
                         nearest_column(starter, column.name));
    }
    if (column.type) return {};
    return fmt::format("the new type of {0} is wanted: --column '{0} TYPE'", name);
  }
  if (there != nullptr && column.type && *column.type != there->type) {
    return fmt::format("{} is there already, as {}: name it without a type, or see type-copy", name,
                       there->type);
  }
  if (there != nullptr || column.type || !starter.look) return {};
  return fmt::format("{0} has no column {1}{2} For a new one give its type: --column '{1} TYPE'",
                     name_text(starter.look->target.table), name,
                     nearest_column(starter, column.name));
}

}  // namespace

std::string starter_prefix(std::chrono::system_clock::time_point now) {
  return fmt::format("{:%Y%m%d_%H%M_}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

Parsed<StarterColumn> parse_starter_column(std::string_view text) {
  const Parsed<std::string> alone = parse_identifier(text);
  if (alone) return StarterColumn{*alone, std::nullopt};
  const Parsed<AddColumn> typed = split_column_definition(text);
  if (typed) return StarterColumn{typed->column, typed->type};
  return typed.problem();
}

std::string problem_of_starter(const Starter& starter) {
  for (const StarterColumn& column : starter.columns) {
    std::string problem = problem_of_column(starter, column);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string starter_text(const Starter& starter) {
  std::vector<StarterColumn> columns = starter.columns;
  if (columns.empty()) columns.push_back({"replace_me", "text"});
  return head(starter) +
         (starter.kind == JobKind::type_copy ? type_copy_body(starter, columns)
                                             : backfill_body(starter, columns)) +
         std::string(pace);
}

}  // namespace backfill::cli
