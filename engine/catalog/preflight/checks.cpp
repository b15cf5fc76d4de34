#include "catalog/preflight/checks.hpp"

#include <algorithm>
#include <utility>

#include "catalog/lock_holders.hpp"
#include "pg/text_array.hpp"

namespace backfill {

void Preflight::refuse(std::string message, std::string hint) {
  findings.push_back({Finding::Severity::refuse, check, std::move(message), std::move(hint)});
}

void Preflight::refuse_at(std::string path, std::size_t offset, std::string message,
                          std::string hint) {
  refuse(std::move(message), std::move(hint));
  findings.back().path = std::move(path);
  findings.back().offset = offset;
}

void Preflight::warn(std::string message, std::string hint) {
  findings.push_back({Finding::Severity::warn, check, std::move(message), std::move(hint)});
}

void Preflight::note(std::string message, std::string hint) {
  findings.push_back({Finding::Severity::note, check, std::move(message), std::move(hint)});
}

bool Preflight::has_refused(std::string_view by) const {
  return std::ranges::any_of(findings, [by](const Finding& finding) {
    return finding.check == by && finding.severity == Finding::Severity::refuse;
  });
}

std::string Preflight::table() const {
  return target->table.schema ? *target->table.schema + "." + target->table.name
                              : target->table.name;
}

pg::Param Preflight::oid() const {
  return std::to_string(target->oid);
}

pg::Param Preflight::set_columns() const {
  std::vector<std::string> names;
  for (const SetColumn& column : job->set) names.push_back(column.column);
  return pg::text_array(names);
}

pg::Param Preflight::key_columns() const {
  std::vector<std::string> names;
  for (const KeyColumn& column : target->key.columns) names.push_back(column.name);
  return pg::text_array(names);
}

asio::awaitable<Result<pg::Rows>> ask(Preflight* preflight, std::string sql,
                                      std::vector<pg::Param> params) {
  auto rows = co_await attempt(preflight->connection, std::move(sql), std::move(params),
                               preflight->settings.inspection.deadline);
  if (!rows && kept_by_a_lock(rows.error())) preflight->unanswered = rows.error();
  co_return rows;
}

std::string in_words(const Error& error) {
  return error.detail.empty() ? error.message : error.message + ": " + error.detail;
}

}  // namespace backfill
