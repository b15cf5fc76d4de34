#include "config/job_name.hpp"

#include <filesystem>

#include <fmt/format.h>

namespace backfill::config {
namespace {

constexpr std::size_t job_name_bytes_max = 63;

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::optional<TextProblem> problem_of_job_name(std::string_view name) {
  if (name.empty() || !begins_name(name.front())) {
    return TextProblem{0, "a job's name begins with a letter, a digit or _"};
  }
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (begins_name(name[i]) || name[i] == '-' || name[i] == '.') continue;
    return TextProblem{i, "a job's name is made of letters, digits, _, - and ."};
  }
  if (name.size() > job_name_bytes_max) {
    return TextProblem{0, fmt::format("a job's name has at most {} characters; this one has {}",
                                      job_name_bytes_max, name.size())};
  }
  return std::nullopt;
}

std::string stem_of(std::string_view file_name) {
  return std::filesystem::path(file_name).stem().string();
}

}  // namespace backfill::config
