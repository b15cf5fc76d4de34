#include "cli/rehearse_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/estimate_text.hpp"
#include "cli/figures.hpp"
#include "cli/reports.hpp"

namespace backfill::cli {

namespace {

using Json = nlohmann::ordered_json;
using run::Rehearsal;

constexpr std::size_t value_columns = 60;

std::string shown(const std::optional<std::string>& value) {
  if (!value) return "NULL";
  return "'" + fitted(without_controls(*value), value_columns, true) + "'";
}

std::string measured_line(const Rehearsal& rehearsal) {
  const std::string_view verb = rehearsal.wrote ? "changed" : "computed";
  std::string line = fmt::format("{} batches at {} places of the key, {} of {} rows {} in {:.2f} s",
                                 rehearsal.batches, rehearsal.positions, grouped(rehearsal.rows),
                                 grouped(rehearsal.keys), verb, rehearsal.seconds);
  if (rehearsal.deadline_passed) line += "; the time was up before all places were seen";
  return line;
}

std::string wal_line(const Rehearsal& rehearsal) {
  if (!rehearsal.wal_per_row) return {};
  std::string line = fmt::format("{:.0f} bytes a row, {:.2f} full images of pages among them",
                                 *rehearsal.wal_per_row, rehearsal.wal_images.value_or(0));
  const std::int64_t others = *rehearsal.wal_server - *rehearsal.wal_ours;
  // Triggers write, too, and are not part of the statement's own figure.
  if (others > *rehearsal.wal_ours / 5) {
    line += fmt::format("; others (or triggers) wrote {} meanwhile", bytes_for_people(others));
  }
  return line;
}

std::string locks_line(const run::LockFigures& locks) {
  if (locks.timeouts == 0 && locks.waited_seconds == 0 && locks.held_up_seconds == 0) return "none";
  std::string line = fmt::format("waited {:.2f} s for others, kept others waiting for {:.2f} s",
                                 locks.waited_seconds, locks.held_up_seconds);
  if (locks.timeouts > 0) {
    line += fmt::format("; {} batch{} gave up after lock_timeout", locks.timeouts,
                        locks.timeouts == 1 ? "" : "es");
  }
  return line;
}

class Lines {
 public:
  explicit Lines(const DisplayStyle& style) : style_(style) {}

  void add(std::string_view line) {
    const std::string clean = without_controls(line);
    text_ += (style_.utf8 ? clean : plain_typography(clean)) + "\n";
  }
  void labelled(std::string_view label, std::string_view value) {
    if (!value.empty()) add(fmt::format("  {:<10}{}", label, value));
  }
  void listed(std::string_view heading, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    add(heading);
    for (const std::string& line : lines) add("  " + line);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  DisplayStyle style_;
  std::string text_;
};

void add_measurements(const Rehearsal& rehearsal, Lines* lines) {
  lines->labelled("batches", measured_line(rehearsal));
  if (rehearsal.rows_per_second && rehearsal.wrote) {
    lines->labelled("speed",
                    fmt::format("{} rows/s by one connection, {:.1f} ms a batch",
                                grouped(static_cast<std::int64_t>(*rehearsal.rows_per_second)),
                                rehearsal.batch_ms));
  }
  lines->labelled("WAL", wal_line(rehearsal));
  if (rehearsal.hot_share) {
    lines->labelled("HOT", percent(*rehearsal.hot_share) + " of the updates stayed on their page");
  }
  if (!rehearsal.triggers.empty()) {
    lines->labelled("triggers", fmt::format("{:.2f} s: {}", rehearsal.trigger_seconds,
                                            fmt::join(rehearsal.triggers, ", ")));
  }
  lines->labelled("locks", locks_line(rehearsal.locks));
  for (const std::string& holder : rehearsal.locks.holders) lines->labelled("", "for " + holder);
}

std::vector<std::string> sample_lines(const Rehearsal& rehearsal) {
  std::vector<std::string> lines;
  for (const run::SampleRow& sample : rehearsal.samples) {
    for (const run::SampleValue& value : sample.values) {
      lines.push_back(fmt::format("{}: {}: {} → {}", sample.key, value.column, shown(value.before),
                                  shown(value.after)));
    }
  }
  return lines;
}

std::vector<std::string> failing_lines(const Rehearsal& rehearsal) {
  std::vector<std::string> lines;
  for (const run::FailingRow& row : rehearsal.failing) {
    lines.push_back(fmt::format("{}: {} (SQLSTATE {})", row.key, row.message, row.sqlstate));
  }
  if (rehearsal.more_failing) lines.emplace_back("… and more: the search ended here");
  return lines;
}

std::string total(std::int64_t Rehearsal::* figure, const Rehearsal& rehearsal) {
  std::int64_t sum = rehearsal.*figure;
  for (const Rehearsal& followed : rehearsal.followed) sum += followed.*figure;
  return figure == &Rehearsal::dead_bytes ? bytes_for_people(sum) : grouped(sum);
}

std::string first_line(const Rehearsal& rehearsal) {
  if (rehearsal.code == ExitCode::refused) return "refused; nothing has been written";
  if (!rehearsal.wrote) return "nothing has been written";
  const std::string rows = total(&Rehearsal::dead_rows, rehearsal);
  if (rows == "0") return "rolled back; no row was changed";
  return fmt::format(
      "rolled back; what is left are at most {} dead row versions (about {}), which "
      "VACUUM removes",
      rows, total(&Rehearsal::dead_bytes, rehearsal));
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// Of one table: what was done, and the rows that it showed.
void add_table(const Rehearsal& rehearsal, Lines* lines) {
  lines->labelled("table", rehearsal.table);
  lines->labelled("not done", rehearsal.unwritten);
  add_measurements(rehearsal, lines);
  lines->listed("rows before and after", sample_lines(rehearsal));
  lines->listed("rows that would stop the job", failing_lines(rehearsal));
  lines->listed("batches that failed", rehearsal.troubles);
}

Json table_json(const Rehearsal& rehearsal) {
  Json json;
  json["table"] = rehearsal.table;
  json["wrote"] = rehearsal.wrote;
  json["unwritten"] = rehearsal.unwritten.empty() ? Json() : Json(rehearsal.unwritten);
  json["positions"] = rehearsal.positions;
  json["batches"] = rehearsal.batches;
  json["rows"] = rehearsal.rows;
  json["rows_passed"] = rehearsal.keys;
  json["seconds"] = rehearsal.seconds;
  json["batch_ms"] = rehearsal.batch_ms;
  json["rows_per_second"] = or_null(rehearsal.rows_per_second);
  json["rows_passed_per_second"] = or_null(rehearsal.keys_per_second);
  json["wal_bytes_per_row"] = or_null(rehearsal.wal_per_row);
  json["wal_images_per_row"] = or_null(rehearsal.wal_images);
  json["wal_bytes"] = or_null(rehearsal.wal_ours);
  json["wal_bytes_of_server"] = or_null(rehearsal.wal_server);
  json["hot_share"] = or_null(rehearsal.hot_share);
  json["triggers"] = Json{{"names", rehearsal.triggers}, {"seconds", rehearsal.trigger_seconds}};
  json["locks"] = Json{{"timeouts", rehearsal.locks.timeouts},
                       {"waited_seconds", rehearsal.locks.waited_seconds},
                       {"held_up_seconds", rehearsal.locks.held_up_seconds},
                       {"holders", rehearsal.locks.holders}};
  json["time_was_up"] = rehearsal.deadline_passed;
  json["samples"] = Json::array();
  for (const run::SampleRow& sample : rehearsal.samples) {
    Json values = Json::array();
    for (const run::SampleValue& value : sample.values) {
      values.push_back(Json{{"column", value.column},
                            {"before", or_null(value.before)},
                            {"after", or_null(value.after)}});
    }
    json["samples"].push_back(Json{{"key", sample.key}, {"values", std::move(values)}});
  }
  json["failing"] = Json::array();
  for (const run::FailingRow& row : rehearsal.failing) {
    json["failing"].push_back(
        Json{{"key", row.key}, {"sqlstate", row.sqlstate}, {"message", row.message}});
  }
  json["more_failing"] = rehearsal.more_failing;
  json["troubles"] = rehearsal.troubles;
  json["dead_rows"] = rehearsal.dead_rows;
  json["dead_bytes"] = rehearsal.dead_bytes;
  json["notes"] = rehearsal.notes;
  return json;
}

}  // namespace

std::string rehearsal_text(const Rehearsal& rehearsal, std::string_view job,
                           const DisplayStyle& style) {
  Lines lines(style);
  lines.add(fmt::format("rehearsal of {}: {}", job, first_line(rehearsal)));
  if (rehearsal.code != ExitCode::refused) add_table(rehearsal, &lines);
  std::vector<std::string> notes = rehearsal.notes;
  for (const Rehearsal& followed : rehearsal.followed) {
    lines.add("a table that changes along");
    add_table(followed, &lines);
    for (const std::string& note : followed.notes) {
      if (std::ranges::find(notes, note) == notes.end()) notes.push_back(note);
    }
  }
  if (rehearsal.estimate) lines.listed("the whole job", estimate_lines(*rehearsal.estimate));
  lines.listed("notes", notes);
  lines.listed("findings", rehearsal.findings);
  return lines.take() + next_line(rehearsal.next);
}

std::string rehearsal_json(const Rehearsal& rehearsal, std::string_view job) {
  Json json;
  json["job"] = std::string(job);
  json["exit_code"] = static_cast<int>(rehearsal.code);
  json.update(table_json(rehearsal));
  json["followed"] = Json::array();
  for (const Rehearsal& followed : rehearsal.followed) {
    json["followed"].push_back(table_json(followed));
  }
  json["findings"] = rehearsal.findings;
  json["estimate"] = rehearsal.estimate ? estimate_json(*rehearsal.estimate) : Json();
  json["next"] = rehearsal.next;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace backfill::cli
