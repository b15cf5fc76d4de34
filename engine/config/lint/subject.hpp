#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "config/job_places.hpp"
#include "config/lint/rules.hpp"

namespace backfill::lint {

/// What a rule has found, and where.
struct LintProblem {
  std::string file;
  int line = 0;  ///< from 1; 0 when it is about the file as a whole
  int column = 0;
  const Rule* rule = nullptr;  ///< of the table of rules; never null
  std::string message;
  int key_line = 0;  ///< of the key whose value it is about: a comment there allows it, too
};

/// A job file that `run` would read, as the rules see it. They report into it.
class Subject {
 public:
  Subject(Job job, std::string_view text, const Environment& environment);

  [[nodiscard]] const Job& job() const { return job_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  /// The text of a value as it stands in the file; empty when it does not.
  [[nodiscard]] std::string value(const JobPath& path) const;
  [[nodiscard]] std::vector<std::string> written(const JobPath& path) const;
  [[nodiscard]] bool has(const JobPath& path) const { return places_->find(path, 0).has_value(); }

  /// At byte `offset` of a value; where the file does not have that, its nearest part that it has.
  void report(std::string_view rule, JobPath path, std::size_t offset, std::string message);
  /// About the file as a whole.
  void report(std::string_view rule, std::string message);
  void report_at(std::string_view rule, FilePlace place, std::string message);

  [[nodiscard]] std::vector<LintProblem>& problems() { return problems_; }

 private:
  Job job_;
  std::string text_;
  std::unique_ptr<JobPlaces> places_;
  std::vector<LintProblem> problems_;
};

}  // namespace backfill::lint
