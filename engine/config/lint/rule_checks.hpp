#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/lint/subject.hpp"

/// The rules, one function for each family; each reports into the subject. Pure.
namespace backfill::lint {

void check_file_name(Subject& subject);
void check_expressions(Subject& subject);
void check_enforce(Subject& subject);
void check_type_copy(Subject& subject);
void check_settings(Subject& subject);

/// What shows only when all files of a call are seen together.
void check_together(const std::vector<std::unique_ptr<Subject>>& subjects);

/// What the job was in another place or time, and what to call that.
struct EarlierForm {
  std::string meaning;  ///< as `meaning_of` gives it
  std::string known;    ///< "when it was first committed (1a2b3c4 of 2026-01-31)"
  std::string advice;   ///< what to do, as a sentence
};
/// Reports under `rule` when the job means something else now, at the first line that differs.
void check_meaning(Subject& subject, std::string_view rule, const EarlierForm& earlier);

/// `20260131_0930_emails.yaml`: what it says of when and what; absent when it says nothing.
struct DatedName {
  std::string moment;       ///< "20260131_0930"
  std::string description;  ///< "emails"
};
[[nodiscard]] std::string problem_of_file_name(std::string_view path);
[[nodiscard]] DatedName dated_name(std::string_view path);

}  // namespace backfill::lint
