#include "cli/estimate_text.hpp"

#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/figures.hpp"
#include "core/duration_text.hpp"
#include "core/time.hpp"

namespace backfill::cli {

namespace {

using Json = nlohmann::ordered_json;

std::int64_t whole(double number) {
  return static_cast<std::int64_t>(std::llround(number));
}

std::string joined(const std::string& low, const std::string& high) {
  return low == high ? low : low + " to " + high;
}

std::string bytes(const Span& span) {
  return joined(bytes_for_people(whole(span.low)), bytes_for_people(whole(span.high)));
}

std::string time(const Span& seconds) {
  const auto text = [](double value) {
    return describe_duration(
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value)));
  };
  return joined(text(seconds.low), text(seconds.high));
}

Json span_json(const Span& span, std::string_view basis) {
  return Json{{"low", whole(span.low)}, {"high", whole(span.high)}, {"basis", std::string(basis)}};
}

}  // namespace

std::vector<std::string> estimate_lines(const JobEstimate& estimate) {
  std::vector<std::string> lines;
  const auto add = [&lines](std::string_view what, std::string_view figure,
                            std::string_view basis) {
    lines.push_back(fmt::format("{:<13}{}{}{}", what, figure, basis.empty() ? "" : "  · ", basis));
  };
  add("rows", "about " + grouped(whole(estimate.rows)), estimate.rows_basis);
  add("time", time(estimate.seconds), estimate.seconds_basis);
  add("WAL", bytes(estimate.wal_bytes), estimate.wal_basis);
  add("table grows", bytes(estimate.heap_growth), estimate.growth_basis);
  add("indexes grow", bytes(estimate.index_growth), "");
  add("peak disk", bytes(estimate.peak_disk), estimate.peak_basis);
  if (estimate.replication_bytes) {
    add("replication", bytes(*estimate.replication_bytes), "the WAL, to each that receives it");
  } else {
    add("replication", "none", "nobody receives the WAL, as far as this role may see");
  }
  return lines;
}

Json estimate_json(const JobEstimate& estimate) {
  Json json;
  json["rows"] = Json{{"value", whole(estimate.rows)}, {"basis", estimate.rows_basis}};
  json["seconds"] = Json{{"low", estimate.seconds.low},
                         {"high", estimate.seconds.high},
                         {"basis", estimate.seconds_basis}};
  json["wal_bytes"] = span_json(estimate.wal_bytes, estimate.wal_basis);
  json["heap_growth_bytes"] = span_json(estimate.heap_growth, estimate.growth_basis);
  json["index_growth_bytes"] = span_json(estimate.index_growth, estimate.growth_basis);
  json["peak_disk_bytes"] = span_json(estimate.peak_disk, estimate.peak_basis);
  json["replication_bytes"] = nullptr;
  if (estimate.replication_bytes) {
    json["replication_bytes"] =
        span_json(*estimate.replication_bytes, "the WAL, to each that receives it");
  }
  return json;
}

}  // namespace backfill::cli
