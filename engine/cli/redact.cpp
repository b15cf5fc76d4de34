#include "cli/redact.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace backfill::cli {

namespace {

constexpr std::string_view hidden = "***";

char lower(char letter) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  const char small = lower(letter);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// libpq decodes %XX in the names of a URL's parameters as well: `p%61ssword` is a password.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
        hex_digit(text[at + 2]) >= 0) {
      decoded += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

bool names_a_secret(std::string_view keyword) {
  std::string word(keyword);
  std::transform(word.begin(), word.end(), word.begin(), lower);
  return word.find("password") != std::string::npos || word.find("secret") != std::string::npos;
}

/// `user:password@host…` without its password. libpq ends the password at the first '@'; people
/// forget to encode an '@' or '/' in it, so everything up to the last '@' that could end it goes.
std::string redact_authority(std::string_view rest) {
  const std::size_t colon = rest.find_first_of(":@/?");
  if (colon == std::string_view::npos || rest[colon] != ':') return std::string(rest);
  std::size_t end = rest.find('@', colon);
  if (end == std::string_view::npos) return std::string(rest);  // host:port
  const std::size_t slash = rest.find('/', colon);
  if (slash != std::string_view::npos && slash < end) {
    end = rest.rfind('@');
  } else {
    const std::size_t limit = std::min(rest.find_first_of("/?", end), rest.size());
    end = rest.substr(0, limit).rfind('@');
  }
  return std::string(rest.substr(0, colon + 1)).append(hidden).append(rest.substr(end));
}

/// `…?sslmode=require&password=x` without the values of secrets.
std::string redact_parameters(std::string_view url) {
  const std::size_t question = url.find('?');
  if (question == std::string_view::npos) return std::string(url);
  std::string shown(url.substr(0, question + 1));
  std::string_view rest = url.substr(question + 1);
  while (true) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view parameter = rest.substr(0, end);
    const std::size_t equals = parameter.find('=');
    if (equals != std::string_view::npos &&
        names_a_secret(percent_decoded(parameter.substr(0, equals)))) {
      shown.append(parameter.substr(0, equals + 1)).append(hidden);
    } else {
      shown.append(parameter);
    }
    if (end == rest.size()) return shown;
    shown += '&';
    rest.remove_prefix(end + 1);
  }
}

bool blank(char letter) {
  return std::isspace(static_cast<unsigned char>(letter)) != 0;
}

/// The end of a value that starts at `at`: quoted or not, with backslash escapes. An unclosed
/// quotation reaches to the end.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  const bool quoted = at < text.size() && text[at] == '\'';
  if (quoted) ++at;
  while (at < text.size()) {
    if (text[at] == '\\') {
      at += 2;
    } else if (quoted ? text[at] == '\'' : blank(text[at])) {
      return quoted ? at + 1 : at;
    } else {
      ++at;
    }
  }
  return text.size();
}

/// `host=a password='x y'`: the grammar of conninfo_parse in libpq, blanks around '=' included.
std::string redact_keywords(std::string_view text) {
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find('=', at);
    if (equals == std::string_view::npos) return shown.append(text.substr(at));
    std::size_t value = equals + 1;
    while (value < text.size() && blank(text[value])) ++value;
    const std::size_t end = end_of_value(text, value);
    shown.append(text.substr(at, value - at));
    if (names_a_secret(text.substr(at, equals - at))) {
      shown.append(hidden);
    } else {
      shown.append(text.substr(value, end - value));
    }
    at = end;
  }
  return shown;
}

}  // namespace

std::string redact(std::string_view conninfo) {
  const std::size_t scheme = conninfo.find("://");
  const std::size_t equals = conninfo.find('=');
  // Any scheme counts: a mistyped `postgress://` must not show its password either.
  if (scheme != std::string_view::npos && scheme < std::min(equals, conninfo.size())) {
    const std::size_t rest = scheme + 3;
    const std::string authority = redact_authority(conninfo.substr(rest));
    return redact_parameters(std::string(conninfo.substr(0, rest)) + authority);
  }
  return redact_keywords(conninfo);
}

}  // namespace backfill::cli
