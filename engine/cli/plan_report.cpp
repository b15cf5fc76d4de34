#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "cli/figures.hpp"
#include "cli/reports.hpp"

namespace backfill::cli {

namespace {

constexpr int label_columns = 8;

/// A statement on one line with single blanks: for reading, never for running;
/// `--sql` shows it as it is written.
std::string on_one_line(std::string_view sql) {
  std::string line;
  for (const char letter : sql) {
    const bool blank = letter == ' ' || letter == '\n' || letter == '\t' || letter == '\r';
    if (!blank) {
      line += letter;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == ';')) line.pop_back();
  return line;
}

void append_comment(std::string& script, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    script += fmt::format("-- {}\n", without_controls(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string table_line(const run::PlanReport& plan) {
  std::string text = plan.table;
  text += plan.rows ? fmt::format(", about {} rows", grouped(*plan.rows))
                    : std::string(", rows unknown (never analysed)");
  if (plan.table_bytes) text += ", " + bytes_for_people(*plan.table_bytes);
  return text;
}

std::string refusal(const run::PlanReport& plan) {
  return plan.code == ExitCode::done ? "nothing has been written"
                                     : "refused; nothing has been written";
}

}  // namespace

std::string plan_text(const run::PlanReport& plan, std::string_view job,
                      const DisplayStyle& style) {
  std::string text;
  const auto add = [&](std::string_view line) {
    const std::string clean = without_controls(line);
    text += fitted(style.utf8 ? clean : plain_typography(clean), style.width, style.utf8) + "\n";
  };
  const auto add_labelled = [&](std::string_view label, std::string_view value) {
    if (!value.empty()) add(fmt::format("  {:<{}}{}", label, label_columns, value));
  };
  add(fmt::format("plan for {}: {}", job, refusal(plan)));
  add_labelled("table", table_line(plan));
  add_labelled("key", plan.key);
  add_labelled("scan", plan.scan);
  add_labelled("proof", plan.proof);
  if (!plan.steps.empty()) add("steps (whole statements: --sql)");
  std::string_view phase;
  for (const run::PlanStep& step : plan.steps) {
    add_labelled(step.phase == phase ? "" : step.phase, on_one_line(step.sql));
    if (!step.lock.empty()) add(fmt::format("  {:<{}}  lock: {}", "", label_columns, step.lock));
    phase = step.phase;
  }
  // Findings are never cut: their end holds the fix.
  if (!plan.findings.empty()) text += "findings\n";
  for (const std::string& finding : plan.findings) {
    text += fmt::format("  {}\n", without_controls(finding));
  }
  return text + next_line(plan.next);
}

std::string plan_sql(const run::PlanReport& plan, std::string_view job) {
  std::string script;
  append_comment(script, fmt::format("plan for {}: {}", job, refusal(plan)));
  append_comment(script, "table: " + table_line(plan));
  for (const auto& [label, value] :
       {std::pair{"key", plan.key}, std::pair{"scan", plan.scan}, std::pair{"proof", plan.proof}}) {
    if (!value.empty()) append_comment(script, fmt::format("{}: {}", label, value));
  }
  for (const std::string& finding : plan.findings) append_comment(script, finding);
  for (const run::PlanStep& step : plan.steps) {
    script += "\n";
    append_comment(script,
                   step.lock.empty() ? step.phase : fmt::format("{}: {}", step.phase, step.lock));
    std::string_view sql = step.sql;
    while (!sql.empty() && (sql.back() == '\n' || sql.back() == ' ')) sql.remove_suffix(1);
    script.append(sql).append(sql.ends_with(';') ? "\n" : ";\n");
  }
  return script;
}

}  // namespace backfill::cli
