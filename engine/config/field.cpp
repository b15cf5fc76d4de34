#include "config/field.hpp"

#include <fmt/format.h>

#include "core/duration_text.hpp"

namespace backfill::config {
namespace {

std::string described(const WholeNumber& type) {
  if (type.low == type.high) return fmt::format("{}", type.low);
  return fmt::format("{}a whole number from {} to {}", type.nullable ? "null or " : "", type.low,
                     type.high);
}

std::string described(const Decimal&) {
  return "a number";
}

std::string described(const TimeSpan& type) {
  return fmt::format("{}{}a duration from {} to {}", type.word, type.word.empty() ? "" : " or ",
                     duration_text(type.low), duration_text(type.high));
}

std::string described(const Choice& type) {
  std::string text;
  for (std::size_t i = 0; i < type.words.size(); ++i) {
    if (i > 0) text += i + 1 == type.words.size() ? " or " : ", ";
    text += type.words[i];
  }
  return text;
}

std::string described(const Text& type) {
  return std::string(type.wants);
}

std::string described(const TextList& type) {
  return std::string(type.wants);
}

std::string described(const Structure& type) {
  return std::string(type.wants);
}

}  // namespace

std::string describe(const FieldType& type) {
  return std::visit([](const auto& alternative) { return described(alternative); }, type);
}

}  // namespace backfill::config
