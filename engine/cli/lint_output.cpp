#include "cli/lint_output.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/glyphs.hpp"
#include "config/lint/rules.hpp"

namespace backfill::cli {

namespace {

using Json = nlohmann::ordered_json;
using lint::LintProblem;
using lint::Severity;

constexpr const char* sarif_schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// What a workflow command may hold (actions/toolkit, command.ts): its message, and with `property`
/// the values in front of that, in which `:` and `,` would end the value.
std::string github_escaped(std::string_view text, bool property) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '%': escaped += "%25"; break;
      case '\r': escaped += "%0D"; break;
      case '\n': escaped += "%0A"; break;
      case ':': escaped += property ? "%3A" : ":"; break;
      case ',': escaped += property ? "%2C" : ","; break;
      default: escaped += letter;
    }
  }
  return escaped;
}

bool is_uri_letter(unsigned char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_' ||
         letter == '~' || letter == '/';
}

/// RFC 3986: all but unreserved characters and the slash.
std::string uri_escaped(std::string_view path) {
  std::string uri;
  for (const char letter : path) {
    const auto byte = static_cast<unsigned char>(letter);
    if (is_uri_letter(byte)) {
      uri += letter;
    } else {
      uri += fmt::format("%{:02X}", byte);
    }
  }
  return uri;
}

Json artifact(const std::string& file, std::string_view folder) {
  const std::filesystem::path base(folder);
  const std::filesystem::path whole = (base / file).lexically_normal();
  const std::filesystem::path relative = whole.lexically_relative(base);
  Json location;
  if (relative.empty() || relative.begin()->string() == "..") {
    location["uri"] = "file://" + uri_escaped(whole.string());
  } else {
    location["uri"] = uri_escaped(relative.string());
    location["uriBaseId"] = "%SRCROOT%";
  }
  return location;
}

Json rule_of(const lint::Rule& rule) {
  Json json;
  json["id"] = std::string(rule.name);
  json["shortDescription"] = {{"text", std::string(rule.meaning) + "."}};
  json["defaultConfiguration"] = {{"level", std::string(severity_word(rule.severity))}};
  return json;
}

Json result_of(const LintProblem& problem, std::string_view folder) {
  Json place;
  place["artifactLocation"] = artifact(problem.file, folder);
  if (problem.line > 0) {
    place["region"] = {{"startLine", problem.line}, {"startColumn", std::max(problem.column, 1)}};
  }
  Json result;
  result["ruleId"] = std::string(problem.rule->name);
  result["ruleIndex"] = problem.rule - lint::rules().data();
  result["level"] = std::string(severity_word(problem.rule->severity));
  result["message"] = {{"text", problem.message}};
  Json location;
  location["physicalLocation"] = std::move(place);
  result["locations"] = Json::array();
  result["locations"].push_back(std::move(location));
  return result;
}

std::string place_of(const LintProblem& problem) {
  return problem.line == 0 ? problem.file
                           : fmt::format("{}:{}:{}", problem.file, problem.line, problem.column);
}

}  // namespace

std::size_t count(const LintReport& report, Severity severity) {
  return static_cast<std::size_t>(std::ranges::count_if(
      report.problems,
      [severity](const LintProblem& problem) { return problem.rule->severity == severity; }));
}

std::string lint_text(const LintReport& report) {
  std::string text;
  for (const LintProblem& problem : report.problems) {
    const std::string line =
        fmt::format("{}: {}: {} [{}]", place_of(problem), severity_word(problem.rule->severity),
                    problem.message, problem.rule->name);
    text += without_controls(line) + "\n";
  }
  for (const std::string& file : report.files) {
    const bool clean =
        std::ranges::find(report.problems, file, &LintProblem::file) == report.problems.end();
    if (clean) text += without_controls(file) + ": no problems\n";
  }
  return text;
}

std::string lint_json(const LintReport& report) {
  Json json;
  json["files"] = report.files;
  json["errors"] = count(report, Severity::error);
  json["warnings"] = count(report, Severity::warning);
  json["allowed"] = report.allowed;
  json["problems"] = Json::array();
  for (const LintProblem& problem : report.problems) {
    Json entry;
    entry["file"] = problem.file;
    entry["line"] = problem.line == 0 ? Json() : Json(problem.line);
    entry["column"] = problem.line == 0 ? Json() : Json(problem.column);
    entry["rule"] = std::string(problem.rule->name);
    entry["severity"] = std::string(severity_word(problem.rule->severity));
    entry["message"] = problem.message;
    json["problems"].push_back(std::move(entry));
  }
  return dumped(json);
}

std::string lint_github(const LintReport& report) {
  std::string text;
  for (const LintProblem& problem : report.problems) {
    const std::string_view word = severity_word(problem.rule->severity);
    text += fmt::format("::{} file={}", word, github_escaped(problem.file, true));
    if (problem.line > 0) text += fmt::format(",line={},col={}", problem.line, problem.column);
    text += fmt::format(",title={}::{}\n", github_escaped(problem.rule->name, true),
                        github_escaped(problem.message, false));
  }
  return text;
}

std::string lint_sarif(const LintReport& report, std::string_view folder) {
  Json driver;
  driver["name"] = "backfill lint";
  driver["version"] = BACKFILL_VERSION;
  driver["rules"] = Json::array();
  for (const lint::Rule& rule : lint::rules()) driver["rules"].push_back(rule_of(rule));
  Json run;
  run["tool"]["driver"] = std::move(driver);
  run["columnKind"] = "unicodeCodePoints";
  run["results"] = Json::array();
  for (const LintProblem& problem : report.problems) {
    run["results"].push_back(result_of(problem, folder));
  }
  Json json;
  json["$schema"] = sarif_schema;
  json["version"] = "2.1.0";
  json["runs"] = Json::array();
  json["runs"].push_back(std::move(run));
  return dumped(json);
}

std::string lint_rules_text() {
  std::size_t width = 0;
  for (const lint::Rule& rule : lint::rules()) width = std::max(width, rule.name.size());
  std::string text;
  for (const lint::Rule& rule : lint::rules()) {
    text += fmt::format("{:<{}}  {:<7}  {}\n", rule.name, width, severity_word(rule.severity),
                        rule.meaning);
  }
  return text;
}

}  // namespace backfill::cli
