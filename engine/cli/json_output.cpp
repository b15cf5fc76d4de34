#include "cli/json_output.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/estimate_text.hpp"

namespace backfill::cli {

namespace {

using Json = nlohmann::ordered_json;

/// A server may send text in any encoding: broken bytes become U+FFFD rather than an exception.
std::string dumped(const Json& json, bool indented) {
  return json.dump(indented ? 2 : -1, ' ', false, Json::error_handler_t::replace);
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(std::string(text));
}

/// JSON has no infinity and no NaN.
Json number_or_null(const std::optional<double>& number) {
  return number && std::isfinite(*number) ? Json(*number) : Json();
}

Json fraction_or_null(const std::optional<double>& fraction) {
  if (!fraction || !std::isfinite(*fraction)) return {};
  return std::clamp(*fraction, 0.0, 1.0);
}

Json to_json(const Progress& progress) {
  Json json;
  json["phase"] = text_or_null(progress.phase);
  json["rows_done"] = progress.keys_done.value;
  json["rows_total"] = progress.keys_total ? Json(progress.keys_total->value) : Json();
  json["fraction_rows"] = fraction_or_null(progress.fraction_rows);
  json["fraction_key"] = fraction_or_null(progress.fraction_key);
  json["rows_changed"] = progress.rows_changed.value;
  json["rows_per_second"] = number_or_null(progress.rows_per_second);
  json["eta_seconds"] = nullptr;
  if (progress.eta) {
    json["eta_seconds"] =
        Json{{"low", progress.eta->low.count()}, {"high", progress.eta->high.count()}};
  }
  json["batch_rows"] = or_null(progress.batch_rows);
  json["batch_ms"] = number_or_null(progress.batch_ms);
  json["workers_busy"] = progress.workers_busy;
  json["workers_limit"] = progress.workers_limit;
  json["doing"] = text_or_null(progress.doing);
  json["limited_by"] = text_or_null(progress.limited_by);
  json["batches"] = progress.batches;
  json["retries"] = progress.retries;
  return json;
}

/// Checksums are wider than the numbers of many readers of JSON.
Json to_json(const ProofReport& proof) {
  Json json;
  json["phase"] = proof.phase;
  json["pass"] = proof.pass;
  json["complete"] = proof.complete;
  json["rows_compared"] = proof.rows_compared;
  json["rows_differing"] = proof.rows_differing;
  json["checksum_held"] = text_or_null(proof.checksum_held);
  json["checksum_expected"] = text_or_null(proof.checksum_expected);
  json["checksums_agree"] = proof.checksums_agree();
  json["at"] = text_or_null(proof.proven_at);
  json["ranges"] = Json::array();
  for (const ProvenRange& range : proof.ranges) {
    json["ranges"].push_back(Json{{"no", range.number},
                                  {"complete", range.complete},
                                  {"rows_compared", range.rows_compared},
                                  {"rows_differing", range.rows_differing},
                                  {"checksum_held", text_or_null(range.checksum_held)},
                                  {"checksum_expected", text_or_null(range.checksum_expected)}});
  }
  return json;
}

Json to_json(const run::JobStatus& job) {
  Json json;
  json["job"] = job.name;
  json["kind"] = text_or_null(job.kind);
  json["table"] = text_or_null(job.table);
  json["phase"] = text_or_null(job.phase);
  json["state"] = text_or_null(job.state);
  json["progress"] = to_json(job.progress);
  json["owner"] = or_null(job.owner);
  json["lag"] = or_null(job.lag);
  json["checkpoint_age_seconds"] = nullptr;
  if (job.checkpoint_age) {
    json["checkpoint_age_seconds"] = static_cast<double>(job.checkpoint_age->count()) / 1e6;
  }
  json["last_error"] = or_null(job.last_error);
  json["rows_quarantined"] = job.rows_quarantined;
  json["paused"] = nullptr;
  if (job.paused_by) json["paused"] = Json{{"by", *job.paused_by}, {"since", job.paused_at}};
  json["settings"] = Json::array();
  for (const run::ChangedSetting& setting : job.settings) {
    json["settings"].push_back(Json{{"key", setting.key},
                                    {"value", setting.value},
                                    {"file_value", text_or_null(setting.file_value)},
                                    {"by", text_or_null(setting.by)},
                                    {"at", text_or_null(setting.at)}});
  }
  json["proofs"] = Json::array();
  for (const ProofReport& proof : job.proofs) json["proofs"].push_back(to_json(proof));
  json["created_at"] = text_or_null(job.created_at);
  json["updated_at"] = text_or_null(job.updated_at);
  json["finished_at"] = or_null(job.finished_at);
  return json;
}

Json to_json(const std::vector<run::JobStatus>& jobs) {
  Json json = Json::array();
  for (const run::JobStatus& job : jobs) json.push_back(to_json(job));
  return json;
}

std::string timestamp(std::chrono::system_clock::time_point now) {
  using std::chrono::milliseconds;
  const auto since_epoch = std::chrono::floor<milliseconds>(now.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t time =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::time_point(seconds));
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(time),
                     (since_epoch - seconds).count());
}

}  // namespace

std::string status_json(const std::vector<run::JobStatus>& jobs) {
  return dumped(to_json(jobs), true) + "\n";
}

std::string status_json(const std::optional<run::JobStatus>& job, bool compact) {
  return dumped(job ? to_json(*job) : Json(), !compact) + "\n";
}

std::string status_json_line(const std::vector<run::JobStatus>& jobs) {
  return dumped(to_json(jobs), false) + "\n";
}

std::string history_json(const std::vector<StoredRun>& runs) {
  Json json = Json::array();
  for (const StoredRun& run : runs) {
    Json entry;
    entry["job"] = run.job;
    entry["command"] = run.command;
    entry["role"] = run.role;
    entry["os_user"] = run.os_user;
    entry["host"] = run.host;
    entry["pid"] = run.pid;
    entry["started_at"] = run.started_at;
    entry["ended_at"] = or_null(run.ended_at);
    entry["seconds"] = run.took_s;
    entry["ending"] = run::ending_word(run);
    entry["exit_code"] = or_null(run.exit_code);
    entry["outcome"] = text_or_null(run.outcome);
    entry["rows_passed"] = run.rows_passed;
    entry["rows_changed"] = run.rows_changed;
    entry["batches"] = run.batches;
    entry["retries"] = run.retries;
    entry["time_lost"] = run::parse_time_lost(run.time_lost);
    json.push_back(std::move(entry));
  }
  return dumped(json, true) + "\n";
}

std::string plan_json(const run::PlanReport& plan, const std::string& job) {
  Json json;
  json["job"] = job;
  json["exit_code"] = static_cast<int>(plan.code);
  json["table"] = text_or_null(plan.table);
  json["key"] = text_or_null(plan.key);
  json["scan"] = text_or_null(plan.scan);
  json["proof"] = text_or_null(plan.proof);
  json["rows"] = or_null(plan.rows);
  json["table_bytes"] = or_null(plan.table_bytes);
  json["steps"] = Json::array();
  for (const run::PlanStep& step : plan.steps) {
    Json entry;
    entry["phase"] = step.phase;
    entry["lock"] = text_or_null(step.lock);
    entry["sql"] = step.sql;
    entry["script"] = step.script.empty() ? step.sql : step.script;
    json["steps"].push_back(std::move(entry));
  }
  json["findings"] = plan.findings;
  json["estimate"] = plan.estimate ? estimate_json(*plan.estimate) : Json();
  json["next"] = text_or_null(plan.next);
  return dumped(json, true) + "\n";
}

std::string json_log_line(std::chrono::system_clock::time_point now, std::string_view job,
                          const LogRecord& record) {
  Json json;
  json["ts"] = timestamp(now);
  json["level"] = std::string(to_string(record.level));
  json["event"] = std::string(record.event);
  json["message"] = std::string(record.message);
  json["job"] = text_or_null(job);
  if (record.progress != nullptr) json["progress"] = to_json(*record.progress);
  return dumped(json, false);
}

}  // namespace backfill::cli
