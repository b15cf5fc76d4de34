#include "config/field_table.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace backfill::config {

std::span<const KindEntry> job_kinds() {
  static const std::array<KindEntry, 2> kinds{
      {{"backfill", JobKind::backfill, backfill_fields()},
       {"type-copy", JobKind::type_copy, type_copy_fields()}}};
  return kinds;
}

std::span<const std::string_view> kind_words() {
  static const std::vector<std::string_view> words = [] {
    std::vector<std::string_view> collected;
    for (const KindEntry& entry : job_kinds()) collected.push_back(entry.word);
    return collected;
  }();
  return words;
}

FieldTable::FieldTable(std::optional<JobKind> kind) {
  for (const Field& field : common_fields()) fields_.push_back(&field);
  for (const KindEntry& entry : job_kinds()) {
    if (entry.kind != kind) continue;
    for (const Field& field : entry.fields) fields_.push_back(&field);
  }
}

const Field* FieldTable::find(std::string_view path) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field* field) { return field->path == path; });
  return found == fields_.end() ? nullptr : *found;
}

bool FieldTable::is_section(std::string_view path) const {
  const std::string prefix = std::string(path) + ".";
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const Field* field) { return field->path.starts_with(prefix); });
}

std::vector<std::string_view> FieldTable::keys_of(std::string_view section) const {
  const std::string prefix = join_path(section, "");
  std::vector<std::string_view> keys;
  for (const Field* field : fields_) {
    if (!field->path.starts_with(prefix)) continue;
    const std::string_view rest = field->path.substr(prefix.size());
    const std::string_view key = rest.substr(0, rest.find('.'));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

std::optional<std::string> FieldTable::path_ending_in(std::string_view key) const {
  std::set<std::string> paths;
  for (const Field* field : fields_) {
    std::string path(field->path);
    while (!path.empty()) {
      const std::size_t dot = path.rfind('.');
      if (path.substr(dot == std::string::npos ? 0 : dot + 1) == key) paths.insert(path);
      path = dot == std::string::npos ? "" : path.substr(0, dot);
    }
  }
  if (paths.size() != 1) return std::nullopt;
  return *paths.begin();
}

std::string join_path(std::string_view section, std::string_view key) {
  if (section.empty()) return std::string(key);
  return std::string(section) + "." + std::string(key);
}

}  // namespace backfill::config
