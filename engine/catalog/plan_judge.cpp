#include "catalog/plan_judge.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catalog/sql_words.hpp"

namespace backfill {
namespace {

using Json = nlohmann::json;

std::string text(const Json& node, const char* field) {
  return node.value(field, std::string{});
}

/// Whether a condition names a column: a name before a dot is a table's, one before a bracket a
/// function's.
bool names_column(std::string_view condition, std::string_view column) {
  const std::vector<SqlWord> words = read_sql_words(condition).words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool name = words[i].kind == SqlWord::Kind::identifier ||
                      words[i].kind == SqlWord::Kind::quoted_identifier;
    if (!name || words[i].text != column) continue;
    const std::string_view next = i + 1 < words.size() ? words[i + 1].text : std::string_view{};
    if (next != "." && next != "(") return true;
  }
  return false;
}

class Judge {
 public:
  explicit Judge(const JudgedTable& table) : table_(table) {}

  void visit(const Json& node, bool in_subquery) {
    const std::string relationship = text(node, "Parent Relationship");
    in_subquery = in_subquery || relationship == "SubPlan" || relationship == "InitPlan";
    const std::string type = text(node, "Node Type");
    const JudgedRelation* relation = judged(node);
    if (relation != nullptr && type != "ModifyTable" && type != "LockRows" && reason_.empty()) {
      in_subquery_ = in_subquery;
      reason_ = in_subquery ? fault_in_subquery(node, *relation) : fault(node, *relation);
    }
    if (!node.contains("Plans")) return;
    for (const Json& child : node["Plans"]) visit(child, in_subquery);
  }

  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] bool in_subquery() const { return in_subquery_ && !reason_.empty(); }

 private:
  [[nodiscard]] const JudgedRelation* judged(const Json& node) const {
    const std::string name = text(node, "Relation Name");
    const std::string schema = text(node, "Schema");
    if (name.empty()) return nullptr;
    for (const JudgedRelation& relation : table_.relations) {
      if (relation.name == name && relation.schema == schema) return &relation;
    }
    return nullptr;
  }

  [[nodiscard]] std::string fault(const Json& scan, const JudgedRelation& relation) const {
    const std::string type = text(scan, "Node Type");
    if (relation.pages <= pages_worth_an_index) return {};
    if (type == "Index Scan" || type == "Index Only Scan") {
      return index_fault(scan, relation);
    }
    if (type == "Bitmap Heap Scan") return bitmap_fault(scan.at("Plans").at(0), relation);
    if ((type == "Tid Scan" || type == "Tid Range Scan") && !text(scan, "TID Cond").empty()) {
      return {};
    }
    return fmt::format("each batch would read all of {}.{} ({}, {} pages)", relation.schema,
                       relation.name, type, relation.pages);
  }

  [[nodiscard]] std::string fault_in_subquery(const Json& scan,
                                              const JudgedRelation& relation) const {
    const std::string type = text(scan, "Node Type");
    if (type != "Seq Scan" || relation.pages <= pages_worth_an_index) return {};
    return fmt::format(
        "a subquery of an expression would read all of {}.{} in each batch "
        "({} pages)",
        relation.schema, relation.name, relation.pages);
  }

  [[nodiscard]] std::string index_fault(const Json& scan, const JudgedRelation& relation) const {
    const std::string name = text(scan, "Index Name");
    const std::string condition = text(scan, "Index Cond");
    if (names_column(condition, table_.key_column) &&
        names_column(condition, leading_column(relation, name))) {
      return {};
    }
    return fmt::format(
        "each batch would walk through the whole index {} of {}.{}{}", name, relation.schema,
        relation.name,
        condition.empty() ? " (it has no Index Cond)" : " (Index Cond: " + condition + ")");
  }

  /// All of an OR's arms are read, and the best of an AND's bounds it.
  [[nodiscard]] std::string bitmap_fault(const Json& node, const JudgedRelation& relation) const {
    const std::string type = text(node, "Node Type");
    if (type == "Bitmap Index Scan") return index_fault(node, relation);
    std::string first;
    for (const Json& child : node.value("Plans", Json::array())) {
      std::string found = bitmap_fault(child, relation);
      if (type == "BitmapAnd" && found.empty()) return {};
      if (first.empty()) first = std::move(found);
    }
    return first;
  }

  [[nodiscard]] std::string leading_column(const JudgedRelation& relation,
                                           const std::string& index) const {
    for (const JudgedIndex& known : table_.indexes) {
      if (known.name == index && known.schema == relation.schema) return known.leading_column;
    }
    return {};
  }

  const JudgedTable& table_;
  std::string reason_;
  bool in_subquery_ = false;  ///< of the node that the reason is about
};

std::optional<Json> root_of(std::string_view json) {
  const Json plans = Json::parse(json, nullptr, false);
  if (!plans.is_array() || plans.empty() || !plans[0].contains("Plan")) return std::nullopt;
  return plans[0]["Plan"];
}

void print(const Json& node, std::size_t depth, std::string& out) {
  const std::string relationship = text(node, "Parent Relationship");
  const bool below = relationship == "SubPlan" || relationship == "InitPlan";
  out += fmt::format("{:{}}{}{}", "", depth * 2, below ? relationship + ": " : "",
                     text(node, "Node Type"));
  if (node.contains("Index Name")) out += " using " + text(node, "Index Name");
  if (node.contains("Relation Name")) {
    out += fmt::format(" on {}.{}", text(node, "Schema"), text(node, "Relation Name"));
  }
  for (const char* condition : {"Index Cond", "TID Cond", "Recheck Cond", "Hash Cond", "Merge Cond",
                                "Filter", "One-Time Filter"}) {
    if (node.contains(condition)) {
      out += fmt::format("\n{:{}}{}: {}", "", depth * 2 + 4, condition, text(node, condition));
    }
  }
  out += '\n';
  if (!node.contains("Plans")) return;
  for (const Json& child : node["Plans"]) print(child, depth + 1, out);
}

}  // namespace

PlanJudgement judge_plan(std::string_view json, const JudgedTable& table) {
  const std::optional<Json> root = root_of(json);
  if (!root)
    return {
        .good = false, .reason = "the server's EXPLAIN could not be read", .in_subquery = false};
  Judge judge(table);
  judge.visit(*root, false);
  return {
      .good = judge.reason().empty(), .reason = judge.reason(), .in_subquery = judge.in_subquery()};
}

std::string plan_text(std::string_view json) {
  const std::optional<Json> root = root_of(json);
  if (!root) return std::string{json};
  std::string out;
  print(*root, 0, out);
  return out;
}

}  // namespace backfill
