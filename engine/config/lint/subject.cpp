#include "config/lint/subject.hpp"

#include <utility>

#include "core/check.hpp"

namespace backfill::lint {

namespace {

const Rule* known_rule(std::string_view name) {
  const Rule* rule = find_rule(name);
  BACKFILL_CHECK(rule != nullptr, "a rule reports under a name that the table does not have");
  return rule;
}

}  // namespace

Subject::Subject(Job job, std::string_view text, const Environment& environment)
    : job_(std::move(job)), text_(text), places_(std::make_unique<JobPlaces>(text, environment)) {}

std::string Subject::value(const JobPath& path) const {
  return places_->value(path).value_or(std::string{});
}

std::vector<std::string> Subject::written(const JobPath& path) const {
  return places_->written(path);
}

void Subject::report(std::string_view rule, JobPath path, std::size_t offset, std::string message) {
  auto found = places_->find(path, offset);
  while (!found && path.size() > 1) {
    path.pop_back();
    found = places_->find(path, 0);
  }
  if (!found) return report(rule, std::move(message));
  problems_.push_back({job_.file, found->place.line, found->place.column, known_rule(rule),
                       std::move(message), found->key_line});
}

void Subject::report(std::string_view rule, std::string message) {
  problems_.push_back({job_.file, 0, 0, known_rule(rule), std::move(message), 0});
}

void Subject::report_at(std::string_view rule, FilePlace place, std::string message) {
  problems_.push_back(
      {job_.file, place.line, place.column, known_rule(rule), std::move(message), place.line});
}

}  // namespace backfill::lint
