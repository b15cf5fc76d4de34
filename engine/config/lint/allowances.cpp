#include "config/lint/allowances.hpp"

#include <algorithm>

#include "config/source_text.hpp"

namespace backfill::lint {

namespace {

constexpr std::string_view sign = "backfill-lint:";
constexpr std::string_view verb = "allow";

bool is_blank(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\r';
}

bool is_rule_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
}

void skip_blanks(std::string_view line, std::size_t* at) {
  while (*at < line.size() && is_blank(line[*at])) ++*at;
}

/// Behind the `#` of a comment that speaks to us, where the names begin; npos for any other line.
std::size_t begin_of_names(std::string_view line) {
  for (std::size_t hash = line.find('#'); hash != std::string_view::npos;
       hash = line.find('#', hash + 1)) {
    if (hash > 0 && !is_blank(line[hash - 1])) continue;  // `a#b` is no comment in YAML
    std::size_t at = hash + 1;
    skip_blanks(line, &at);
    if (!line.substr(at).starts_with(sign)) continue;
    at += sign.size();
    skip_blanks(line, &at);
    if (!line.substr(at).starts_with(verb)) continue;
    at += verb.size();
    if (at < line.size() && is_blank(line[at])) return at;
  }
  return std::string_view::npos;
}

bool is_comment(std::string_view line) {
  std::size_t at = 0;
  skip_blanks(line, &at);
  return at < line.size() && line[at] == '#';
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// `names` begins at byte `at` of the line, which begins at byte `start` of the text.
void read_names(std::string_view line, std::size_t at, const config::SourceText& source,
                std::size_t start, Allowance allowance, std::vector<Allowance>* found) {
  while (true) {
    skip_blanks(line, &at);
    std::size_t end = at;
    while (end < line.size() && is_rule_letter(line[end])) ++end;
    if (end == at) return;
    allowance.rule = line.substr(at, end - at);
    allowance.column = source.position_of(start + at).column;
    found->push_back(allowance);
    at = end;
    skip_blanks(line, &at);
    if (at >= line.size() || line[at] != ',') return;
    ++at;
  }
}

}  // namespace

std::vector<Allowance> find_allowances(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const config::SourceText source(text);
  const std::vector<std::string_view> lines = lines_of(text);
  std::vector<Allowance> found;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t names = begin_of_names(lines[i]);
    if (names == std::string_view::npos) continue;
    Allowance allowance;
    allowance.line = static_cast<int>(i) + 1;
    allowance.covered_line = allowance.line;
    if (is_comment(lines[i])) {
      std::size_t next = i + 1;
      while (next < lines.size() && is_comment(lines[next])) ++next;
      allowance.covered_line = static_cast<int>(next) + 1;
    }
    const auto start = static_cast<std::size_t>(lines[i].data() - text.data());
    read_names(lines[i], names, source, start, allowance, &found);
  }
  return found;
}

}  // namespace backfill::lint
