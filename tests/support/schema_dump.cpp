#include "support/schema_dump.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "support/test_server.hpp"

namespace backfill::test {

namespace {

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> block{};
  std::size_t size = 0;
  while ((size = std::fread(block.data(), 1, block.size(), pipe)) > 0) {
    output.append(block.data(), size);
  }
  if (::pclose(pipe) != 0) throw std::runtime_error(command + " failed");
  return output;
}

/// Between the first line, `CREATE TABLE t (`, and the last, `)`, one column or constraint a line.
std::string with_sorted_columns(const std::string& statement) {
  std::istringstream text(statement);
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with(',')) line.pop_back();
    lines.push_back(line);
  }
  if (lines.size() > 3) std::sort(lines.begin() + 1, lines.end() - 1);
  std::string sorted;
  for (const std::string& line : lines) sorted += line + "\n";
  return sorted;
}

}  // namespace

std::vector<std::string> schema_dump(const std::string& conninfo) {
  const std::string dump = output_of((postgres_bindir() / "pg_dump").string() +
                                     " --schema-only --dbname='" + conninfo + "'");
  std::vector<std::string> statements;
  std::string statement;
  std::istringstream text(dump);
  const auto finish = [&] {
    if (statement.starts_with("CREATE TABLE")) statement = with_sorted_columns(statement);
    if (!statement.empty()) statements.push_back(statement);
    statement.clear();
  };
  for (std::string line; std::getline(text, line);) {
    // pg_dump's own meta-commands differ from one run to the next.
    if (line.starts_with("--") || line.starts_with("\\")) continue;
    if (line.empty()) {
      finish();
    } else {
      statement += line + "\n";
    }
  }
  finish();
  std::sort(statements.begin(), statements.end());
  return statements;
}

std::vector<std::string> schema_difference(const std::vector<std::string>& expected,
                                           const std::vector<std::string>& actual) {
  std::vector<std::string> missing;
  std::vector<std::string> added;
  std::ranges::set_difference(expected, actual, std::back_inserter(missing));
  std::ranges::set_difference(actual, expected, std::back_inserter(added));
  std::vector<std::string> difference;
  for (const std::string& statement : missing) difference.push_back("- " + statement);
  for (const std::string& statement : added) difference.push_back("+ " + statement);
  return difference;
}

}  // namespace backfill::test
