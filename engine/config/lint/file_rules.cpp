#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "config/lint/rule_checks.hpp"
#include "config/meaning.hpp"
#include "core/sql_name.hpp"

namespace backfill::lint {

namespace {

constexpr std::string_view wanted =
    "YYYYMMDD_HHMM_description.yaml or YYYYMMDD_###_description.yaml is wanted";

bool are_digits(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char letter) { return letter >= '0' && letter <= '9'; });
}

int number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool is_date(std::string_view digits) {
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::year;
  return std::chrono::year_month_day(year(number(digits.substr(0, 4))),
                                     month(static_cast<unsigned>(number(digits.substr(4, 2)))),
                                     day(static_cast<unsigned>(number(digits.substr(6, 2)))))
      .ok();
}

bool describes(std::string_view text) {
  const auto fits = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  };
  return !text.empty() && text.front() != '_' && text.back() != '_' &&
         std::ranges::all_of(text, fits);
}

std::string table_name(const Job& job) {
  return name_text(job.table);
}

bool sets(const Job& job, std::string_view column) {
  return std::ranges::find(job.set, column, &SetColumn::column) != job.set.end();
}

/// The files that come after this one by their names, and fill the column.
const Subject* later_backfill(const std::vector<std::unique_ptr<Subject>>& subjects,
                              const Subject& subject, std::string_view column) {
  const std::string moment = dated_name(subject.job().file).moment;
  if (moment.empty() || sets(subject.job(), column)) return nullptr;
  const Subject* later = nullptr;
  for (const auto& other : subjects) {
    if (table_name(other->job()) != table_name(subject.job())) continue;
    if (!sets(other->job(), column)) continue;
    const std::string at = dated_name(other->job().file).moment;
    if (at.empty() || at <= moment) return nullptr;  // filled before, or nobody knows when
    later = other.get();
  }
  return later;
}

void check_same_moment(const std::vector<std::unique_ptr<Subject>>& subjects) {
  std::map<std::pair<std::string, std::string>, std::string> seen;
  for (const auto& subject : subjects) {
    const std::filesystem::path path(subject->job().file);
    const std::string moment = dated_name(path.string()).moment;
    if (moment.empty()) continue;
    const auto [first, fresh] =
        seen.emplace(std::pair{path.parent_path().string(), moment}, path.filename().string());
    if (fresh) continue;
    subject->report("same-moment", fmt::format("{} has the same {} as this file: which of them "
                                               "comes first is not known",
                                               first->second, moment));
  }
}

void check_duplicates(const std::vector<std::unique_ptr<Subject>>& subjects) {
  std::map<std::string, std::string> seen;
  for (const auto& subject : subjects) {
    const Job& job = subject->job();
    const auto [first, fresh] = seen.emplace(job.name, job.file);
    if (fresh) continue;
    subject->report("duplicate-job", {"name"}, 0,
                    fmt::format("job {} is {}, too: on one database the second of them would be "
                                "taken for the first",
                                job.name, first->second));
  }
}

}  // namespace

DatedName dated_name(std::string_view path) {
  const std::string stem = std::filesystem::path(path).stem().string();
  const std::string_view name = stem;
  const std::size_t second = name.find('_', 9);
  if (name.size() < 12 || name[8] != '_' || second == std::string_view::npos) return {};
  const std::string_view day = name.substr(0, 8);
  const std::string_view time = name.substr(9, second - 9);
  const bool numbered = time.size() == 3 && are_digits(time);
  const bool timed = time.size() == 4 && are_digits(time) && number(time.substr(0, 2)) < 24 &&
                     number(time.substr(2, 2)) < 60;
  if (!are_digits(day) || !is_date(day) || !(numbered || timed)) return {};
  return {std::string(name.substr(0, second)), std::string(name.substr(second + 1))};
}

std::string problem_of_file_name(std::string_view path) {
  const std::filesystem::path file(path);
  const std::string name = file.filename().string();
  const DatedName dated = dated_name(path);
  if (dated.moment.empty()) {
    const bool digits = name.size() > 8 && are_digits(std::string_view(name).substr(0, 8));
    if (digits && !is_date(name)) {
      return fmt::format("{} begins with no date of the calendar: {}", name, wanted);
    }
    return fmt::format("{} does not begin with a date and a time or number: {}", name, wanted);
  }
  if (!describes(dated.description)) {
    return fmt::format("the description \"{}\" is not made of lower-case letters, digits and _: {}",
                       dated.description, wanted);
  }
  if (file.extension() != ".yaml") return fmt::format("{} does not end in .yaml: {}", name, wanted);
  return {};
}

void check_file_name(Subject& subject) {
  std::string problem = problem_of_file_name(subject.job().file);
  if (!problem.empty()) subject.report("file-name", std::move(problem));
}

void check_together(const std::vector<std::unique_ptr<Subject>>& subjects) {
  check_duplicates(subjects);
  check_same_moment(subjects);
  for (const auto& subject : subjects) {
    for (std::size_t i = 0; i < subject->job().enforce.size(); ++i) {
      const auto* step = std::get_if<EnforceNotNull>(&subject->job().enforce[i]);
      if (step == nullptr) continue;
      const Subject* later = later_backfill(subjects, *subject, step->column);
      if (later == nullptr) continue;
      subject->report("not-null-before-backfill", {"enforce", std::to_string(i + 1)}, 0,
                      fmt::format("NOT NULL on {} comes before {}, which fills it",
                                  name_text(step->column), later->job().file));
    }
  }
}

namespace {

/// "set.email: …" of a meaning as a path into the file.
JobPath path_of_line(std::string_view line) {
  line.remove_prefix(std::min<std::size_t>(2, line.size()));  // "+ " or "- "
  const std::string_view path = line.substr(0, line.find(": "));
  const std::size_t dot = path.find('.');
  JobPath steps{std::string(path.substr(0, dot))};
  if (dot == std::string_view::npos) return steps;
  std::string_view rest = path.substr(dot + 1);
  std::string_view part;
  if (steps.front() == "columns") {
    const std::size_t last = rest.rfind('.');
    part = rest.substr(last + 1);
    rest = rest.substr(0, last);
  }
  const Parsed<std::string> column = parse_identifier(rest);
  steps.push_back(column ? *column : std::string(rest));
  if (!part.empty()) steps.emplace_back(part);
  return steps;
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

}  // namespace

void check_meaning(Subject& subject, std::string_view rule, const EarlierForm& earlier) {
  const std::string diff = meaning_diff(earlier.meaning, meaning_of(subject.job()));
  if (diff.empty()) return;
  const std::vector<std::string_view> lines = lines_of(diff);
  JobPath where = path_of_line(lines.front());
  // A line that is in the file is a better place than one that has gone from it.
  const auto added =
      std::ranges::find_if(lines, [](std::string_view line) { return line.starts_with("+ "); });
  if (added != lines.end()) where = path_of_line(*added);
  subject.report(rule, std::move(where), 0,
                 fmt::format("the job means something else than {} ({}). {}", earlier.known,
                             fmt::join(lines, "; "), earlier.advice));
}

}  // namespace backfill::lint
