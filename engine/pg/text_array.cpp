#include "pg/text_array.hpp"

#include <cstddef>

namespace backfill::pg {
namespace {

struct Element {
  std::string text;
  std::size_t end = 0;  ///< the position behind it
};

Element quoted_element(std::string_view text, std::size_t at) {
  Element element;
  std::size_t i = at + 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    element.text += text[i];
  }
  element.end = i + 1;
  return element;
}

Element plain_element(std::string_view text, std::size_t at) {
  Element element;
  std::size_t i = at;
  for (; i < text.size() && text[i] != ',' && text[i] != '}'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    element.text += text[i];
  }
  element.end = i;
  if (element.text == "NULL") element.text.clear();
  return element;
}

}  // namespace

std::string text_array(const std::vector<std::string>& elements) {
  std::string text = "{";
  for (const std::string& element : elements) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text += '}';
}

std::string integer_array(const std::vector<std::int64_t>& elements) {
  std::string text = "{";
  for (const std::int64_t element : elements) {
    if (text.size() > 1) text += ',';
    text += std::to_string(element);
  }
  return text += '}';
}

std::vector<std::string> parse_text_array(std::string_view text) {
  std::vector<std::string> elements;
  if (text.size() < 2 || text.front() != '{') return elements;
  std::size_t at = 1;
  while (at < text.size() && text[at] != '}') {
    Element element = text[at] == '"' ? quoted_element(text, at) : plain_element(text, at);
    elements.push_back(std::move(element.text));
    at = element.end;
    if (at >= text.size() || text[at] != ',') break;
    ++at;
  }
  return elements;
}

}  // namespace backfill::pg
