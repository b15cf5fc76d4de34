#include "config/job_reader.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "config/field_reader.hpp"
#include "config/field_table.hpp"
#include "config/job_checks.hpp"
#include "config/job_name.hpp"
#include "config/source_text.hpp"
#include "config/yaml_document.hpp"
#include "core/nearest.hpp"

namespace backfill {
namespace config {
namespace {

/// The kind that decides which keys are valid; without a `kind:` to go by, the first one.
std::optional<JobKind> kind_of(const Node& root) {
  const auto key = std::find_if(root.keys.begin(), root.keys.end(),
                                [](const Node& k) { return k.parsed == "kind"; });
  if (key == root.keys.end()) return job_kinds().front().kind;
  const Node& value = root.items[static_cast<std::size_t>(key - root.keys.begin())];
  for (const KindEntry& entry : job_kinds()) {
    if (entry.word == value.value) return entry.kind;
  }
  return std::nullopt;
}

class JobBuilder {
 public:
  JobBuilder(std::string file_name, const SourceText& source, const Node& root,
             std::vector<PlacedProblem>& problems)
      : root_(root),
        problems_(problems),
        kind_(kind_of(root)),
        table_(kind_),
        reader_(job_, source, problems) {
    job_.file = std::move(file_name);
  }

  Job build() {
    read_section("", root_);
    if (!seen_.contains("name")) take_name_from_file();
    report_conflicts();
    return std::move(job_);
  }

 private:
  struct Seen {
    Position position;
    bool fits = true;
  };

  void read_section(const std::string& section, const Node& mapping) {
    for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
      const std::string path = join_path(section, mapping.keys[i].parsed);
      const Node& value = mapping.items[i];
      if (mapping.keys[i].parsed.find('.') != std::string::npos) {
        report_unknown_key(section, mapping.keys[i]);
      } else if (const Field* field = table_.find(path)) {
        read_field(*field, value);
      } else if (table_.is_section(path)) {
        read_subsection(path, value);
      } else {
        report_unknown_key(section, mapping.keys[i]);
      }
    }
    report_missing_keys(section, mapping);
  }

  void read_field(const Field& field, const Node& value) {
    const std::size_t before = problems_.size();
    reader_.read(field, value);
    const bool fits = problems_.size() == before && !value.refused;
    seen_[std::string(field.path)] = {value.position, fits};
    // A conflict about one column is shown at that column. One that was not read has a problem.
    if (field.path != "set" || !fits || job_.set.size() != value.keys.size()) return;
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      seen_["set." + job_.set[i].column] = {value.keys[i].position, true};
    }
  }

  void read_subsection(const std::string& path, const Node& value) {
    if (value.refused) return;
    if (value.shape == Node::Shape::mapping && !value.items.empty()) {
      return read_section(path, value);
    }
    const bool empty = is_null(value) || value.shape == Node::Shape::mapping;
    reader_.report(
        value.position,
        empty ? fmt::format("{} is empty; give it keys ({}) or leave it out", path, key_list(path))
              : fmt::format("{} must be a mapping of keys ({}), not {}", path, key_list(path),
                            shown(value)));
  }

  [[nodiscard]] std::string key_list(const std::string& section) const {
    const std::vector<std::string_view> keys = table_.keys_of(section);
    return fmt::format("{}", fmt::join(keys, ", "));
  }

  void report_unknown_key(const std::string& section, const Node& key) {
    // The keys of a kind that is not known are not known either, and only its kind is wrong.
    if (!kind_ && section.empty()) return;
    const std::vector<std::string_view> valid = table_.keys_of(section);
    std::string advice;
    if (const auto nearest = nearest_word(key.parsed, valid)) {
      advice = fmt::format("did you mean \"{}\"?", *nearest);
    } else if (const auto path = table_.path_ending_in(key.parsed)) {
      advice = fmt::format("it belongs to {}", path->substr(0, path->rfind('.')));
      if (path->find('.') == std::string::npos) advice = "it belongs to the top of the file";
    } else {
      advice = fmt::format("the keys here are: {}", key_list(section));
    }
    reader_.report(key.position,
                   fmt::format("unknown key \"{}\"{}; {}", key.parsed,
                               section.empty() ? "" : fmt::format(" in {}", section), advice));
  }

  void report_missing_keys(const std::string& section, const Node& mapping) {
    for (const Field* field : table_.fields()) {
      const std::size_t dot = field->path.rfind('.');
      const std::string_view own =
          dot == std::string_view::npos ? std::string_view{} : field->path.substr(0, dot);
      if (!field->required || own != section || seen_.contains(std::string(field->path))) continue;
      seen_[std::string(field->path)] = {mapping.position, false};
      reader_.report(mapping.position,
                     fmt::format("the key \"{}\" is missing{}: {} is wanted",
                                 field->path.substr(dot == std::string_view::npos ? 0 : dot + 1),
                                 section.empty() ? "" : fmt::format(" in {}", section),
                                 describe(field->type)));
    }
  }

  void take_name_from_file() {
    const std::string stem = stem_of(job_.file);
    if (const auto problem = problem_of_job_name(stem)) {
      reader_.report(root_.position,
                     fmt::format("the file's name cannot be the job's name ({}); give the job one "
                                 "with name:",
                                 problem->message));
    } else {
      job_.name = stem;
    }
  }

  void report_conflicts() {
    for (const Conflict& conflict : conflicts_of(job_)) {
      std::optional<Position> blamed;
      bool doubtful = false;
      for (const std::string& path : conflict.paths) {
        const auto seen = seen_.find(path);
        if (seen == seen_.end()) continue;
        doubtful = doubtful || !seen->second.fits;
        if (!blamed) blamed = seen->second.position;
      }
      // A value that could not be read has its own problem, and its default conflicts with nothing.
      if (!doubtful) reader_.report(blamed.value_or(root_.position), conflict.message);
    }
  }

  const Node& root_;
  std::vector<PlacedProblem>& problems_;
  std::optional<JobKind> kind_;
  FieldTable table_;
  Job job_;
  FieldReader reader_;
  std::map<std::string, Seen, std::less<>> seen_;
};

std::vector<Problem> in_order(const std::string& file, std::vector<PlacedProblem> placed) {
  std::vector<Problem> problems;
  for (PlacedProblem& problem : placed) {
    problems.push_back(
        {file, problem.position.line, problem.position.column, std::move(problem.message)});
  }
  std::sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
  });
  problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
  return problems;
}

std::optional<Job> build_job(const std::string& file_name, const SourceText& source,
                             const Environment& environment, std::vector<PlacedProblem>& problems) {
  if (const auto problem = problem_of_encoding(source.text())) {
    problems.push_back({source.position_of(problem->offset), problem->message});
    return std::nullopt;
  }
  YamlDocument document = parse_yaml(source);
  problems = std::move(document.problems);
  if (!document.root) {
    if (problems.empty()) problems.push_back({{1, 1}, "the file is empty; a job is wanted"});
    return std::nullopt;
  }
  Node& root = *document.root;
  replace_variables(root, source, environment, problems);
  if (root.shape != Node::Shape::mapping) {
    if (!root.refused) {
      problems.push_back(
          {root.position, is_null(root)
                              ? "the file is empty; a job is wanted"
                              : fmt::format("a job is a mapping of keys, not {}", shown(root))});
    }
    return std::nullopt;
  }
  Job job = JobBuilder(file_name, source, root, problems).build();
  if (!problems.empty()) return std::nullopt;
  return job;
}

}  // namespace
}  // namespace config

ReadJob read_job(std::string file_name, std::string_view text, const Environment& environment) {
  if (text.size() > job_file_bytes_max) {
    return {std::nullopt,
            {{std::move(file_name), 0, 0,
              fmt::format("the file is larger than {} bytes", job_file_bytes_max)}}};
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark says nothing
  const config::SourceText source(text);
  std::vector<config::PlacedProblem> placed;
  ReadJob read;
  read.job = config::build_job(file_name, source, environment, placed);
  read.problems = config::in_order(file_name, std::move(placed));
  return read;
}

}  // namespace backfill
