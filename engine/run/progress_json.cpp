#include "run/progress_json.hpp"

#include <nlohmann/json.hpp>

namespace backfill::run {

namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

template <class T>
std::optional<T> number(const json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_number()) return std::nullopt;
  return found->get<T>();
}

}  // namespace

std::string progress_json(const Progress& progress) {
  json out;
  out["phase"] = progress.phase;
  out["keys_done"] = progress.keys_done.value;
  out["keys_total"] = progress.keys_total ? json(progress.keys_total->value) : json(nullptr);
  out["fraction_rows"] = or_null(progress.fraction_rows);
  out["fraction_key"] = or_null(progress.fraction_key);
  out["rows_changed"] = progress.rows_changed.value;
  out["rows_per_second"] = or_null(progress.rows_per_second);
  out["eta_low_s"] = progress.eta ? json(progress.eta->low.count()) : json(nullptr);
  out["eta_high_s"] = progress.eta ? json(progress.eta->high.count()) : json(nullptr);
  out["batch_rows"] = or_null(progress.batch_rows);
  out["batch_ms"] = or_null(progress.batch_ms);
  out["workers_busy"] = progress.workers_busy;
  out["workers_limit"] = progress.workers_limit;
  out["doing"] = progress.doing.empty() ? json(nullptr) : json(progress.doing);
  out["limited_by"] = progress.limited_by;
  out["lag"] = progress.lag.empty() ? json(nullptr) : json(progress.lag);
  out["batches"] = progress.batches;
  out["retries"] = progress.retries;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Progress parse_progress(std::string_view text) {
  Progress progress;
  const json in = json::parse(text, nullptr, false);
  if (!in.is_object()) return progress;
  progress.phase = in.value("phase", std::string{});
  progress.limited_by = in.value("limited_by", std::string{});
  const auto doing = in.find("doing");
  if (doing != in.end() && doing->is_string()) progress.doing = doing->get<std::string>();
  const auto lag = in.find("lag");
  if (lag != in.end() && lag->is_string()) progress.lag = lag->get<std::string>();
  progress.keys_done = RowCount{number<std::int64_t>(in, "keys_done").value_or(0)};
  if (const auto total = number<std::int64_t>(in, "keys_total")) {
    progress.keys_total = RowCount{*total};
  }
  progress.fraction_rows = number<double>(in, "fraction_rows");
  progress.fraction_key = number<double>(in, "fraction_key");
  progress.rows_changed = RowCount{number<std::int64_t>(in, "rows_changed").value_or(0)};
  progress.rows_per_second = number<double>(in, "rows_per_second");
  const auto low = number<std::int64_t>(in, "eta_low_s");
  const auto high = number<std::int64_t>(in, "eta_high_s");
  if (low && high) {
    progress.eta = EtaRange{std::chrono::seconds{*low}, std::chrono::seconds{*high}};
  }
  progress.batch_rows = number<std::int64_t>(in, "batch_rows");
  progress.batch_ms = number<double>(in, "batch_ms");
  progress.workers_busy = number<int>(in, "workers_busy").value_or(0);
  progress.workers_limit = number<int>(in, "workers_limit").value_or(0);
  progress.batches = number<std::int64_t>(in, "batches").value_or(0);
  progress.retries = number<std::int64_t>(in, "retries").value_or(0);
  return progress;
}

}  // namespace backfill::run
