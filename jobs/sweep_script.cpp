#include "jobs/sweep_script.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/sql_text.hpp"

namespace backfill {

namespace {

/// In dollar quotes that the text itself does not hold.
std::string dollar_quoted(const std::string& text, std::string tag) {
  while (text.find("$" + tag + "$") != std::string::npos) tag += "_";
  return "$" + tag + "$" + text + "$" + tag + "$";
}

std::vector<std::string> variables(std::string_view stem, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= count; ++i) names.push_back(fmt::format("{}_{}", stem, i));
  return names;
}

}  // namespace

std::string sweep_script(const Target& target, const SweepStatements& statements,
                         std::int64_t rows) {
  const std::size_t width = target.key.columns.size();
  const std::vector<std::string> low = variables("low", width);
  const std::vector<std::string> high = variables("high", width);
  std::string declared;
  std::string moved;
  for (std::size_t i = 0; i < width; ++i) {
    declared += fmt::format("  {} text;\n  {} text;\n", low[i], high[i]);
    moved += fmt::format("    {} := {};\n", low[i], high[i]);
  }
  const auto probe = [&](BoundShape shape) {
    return dollar_quoted(probe_statement(target, shape), "probe");
  };
  const std::string into = fmt::format("{}, found", fmt::join(high, ", "));
  const std::string body = fmt::format(
      "\nDECLARE\n{0}  found bigint;\nBEGIN\n"
      "  EXECUTE {1} INTO {2}\n    USING {8}::bigint, {8}::bigint;\n"
      "  WHILE found IS NOT NULL LOOP\n"
      "    IF low_1 IS NULL THEN\n"
      "      EXECUTE {3} USING {6};\n"
      "    ELSE\n"
      "      EXECUTE {4} USING {5}, {6};\n"
      "    END IF;\n"
      "    COMMIT;\n"
      "{7}"
      "    EXECUTE {9} INTO {2}\n      USING {5}, {8}::bigint, {8}::bigint;\n"
      "  END LOOP;\nEND\n",
      declared, probe({}), into, dollar_quoted(statements.first, "batch"),
      dollar_quoted(statements.rest, "batch"), fmt::join(low, ", "), fmt::join(high, ", "), moved,
      rows, probe({.after = true, .through = false}));
  return "DO " + dollar_quoted(body, "sweep");
}

std::string wait_script() {
  return "DO $wait$\n"
         "DECLARE\n"
         "  border xid8;\n"
         "BEGIN\n"
         "  border := pg_catalog.pg_current_xact_id();\n"
         "  COMMIT;\n"
         "  WHILE pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) <= border LOOP\n"
         "    PERFORM pg_catalog.pg_sleep(0.1);\n"
         "    COMMIT;\n"
         "  END LOOP;\n"
         "END\n"
         "$wait$";
}

}  // namespace backfill
