#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/estimate_text.hpp"
#include "cli/figures.hpp"
#include "cli/reports.hpp"

namespace backfill::cli {

namespace {

constexpr int label_columns = 8;
/// Wide enough for the UPDATE of most jobs; a paste into a review has no terminal that would cut
/// what is longer.
constexpr std::size_t statement_columns = 240;

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

std::string_view without_end(std::string_view sql) {
  while (!sql.empty() && (sql.back() == '\n' || sql.back() == ' ' || sql.back() == ';')) {
    sql.remove_suffix(1);
  }
  return sql;
}

void append_step(std::string& script, const run::PlanStep& step) {
  script += "\n";
  append_comment(script,
                 step.lock.empty() ? step.phase : fmt::format("{}: {}", step.phase, step.lock));
  const std::string_view sql = without_end(step.script.empty() ? step.sql : step.script);
  if (step.by_hand) {
    append_comment(script, std::string(sql) + ";");
  } else if (sql.starts_with("--")) {
    script.append(sql).append("\n");
  } else {
    script.append(sql).append(";\n");
  }
}

/// Neighbours that belong together stand between BEGIN and COMMIT.
void append_steps(std::string& script, const std::vector<run::PlanStep>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto joins = [&](std::size_t a, std::size_t b) {
      return b < steps.size() && steps[a].together && steps[b].together &&
             steps[a].phase == steps[b].phase;
    };
    const bool first_by_hand = steps[i].by_hand && (i == 0 || !steps[i - 1].by_hand);
    if (steps[i].together && (i == 0 || !joins(i - 1, i))) script += "\nBEGIN;\n";
    if (first_by_hand) script += "\n-- by hand, once nobody wants to go back any more:\n";
    append_step(script, steps[i]);
    if (steps[i].together && !joins(i, i + 1)) script += "\nCOMMIT;\n";
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

struct Line {
  std::string label;
  std::string text;
};

/// The statements, and behind those that take the same lock that lock, once. What locks nothing is
/// the tool's own bookkeeping, which the script has.
std::vector<Line> step_lines(const std::vector<run::PlanStep>& steps, bool utf8) {
  std::vector<Line> lines;
  std::string label;
  std::string lock;
  int unshown = 0;
  const auto add = [&](std::string text) {
    lines.push_back({std::exchange(label, {}), std::move(text)});
  };
  const auto end_lock = [&] {
    if (!lock.empty()) add("  lock: " + std::exchange(lock, {}));
  };
  const auto end_phase = [&] {
    end_lock();
    if (unshown > 0) add(fmt::format("({} of our own that lock nothing)", unshown));
    unshown = 0;
  };
  std::string_view phase;
  for (const run::PlanStep& step : steps) {
    if (step.phase != phase) {
      end_phase();
      phase = step.phase;
      label = step.phase;
    }
    if (step.lock.empty()) {
      ++unshown;
      continue;
    }
    if (step.lock != lock) end_lock();
    add(fitted(on_one_line(step.sql), statement_columns, utf8));
    lock = step.lock;
  }
  end_phase();
  return lines;
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
  if (plan.estimate) {
    add("estimate");
    for (const std::string& line : estimate_lines(*plan.estimate)) add("  " + line);
  }
  if (!plan.steps.empty()) add("steps (whole statements: --sql)");
  for (const Line& line : step_lines(plan.steps, style.utf8)) add_labelled(line.label, line.text);
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
  if (plan.estimate) {
    for (const std::string& line : estimate_lines(*plan.estimate)) append_comment(script, line);
  }
  for (const std::string& statement : plan.session) script += "\n" + statement + ";\n";
  append_steps(script, plan.steps);
  return script;
}

}  // namespace backfill::cli
