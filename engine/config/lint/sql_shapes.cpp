#include "config/lint/sql_shapes.hpp"

#include <algorithm>
#include <array>

#include "core/sql_characters.hpp"
#include "core/sql_scan.hpp"

namespace backfill::lint {

namespace {

constexpr std::array<std::string_view, 18> volatile_names{"currval",          "clock_timestamp",
                                                          "gen_random_bytes", "gen_random_uuid",
                                                          "gen_salt",         "lastval",
                                                          "nextval",          "pg_current_xact_id",
                                                          "random",           "random_normal",
                                                          "timeofday",        "txid_current",
                                                          "uuid_generate_v1", "uuid_generate_v1mc",
                                                          "uuid_generate_v4", "uuidv4",
                                                          "uuidv7",           "gen_ulid"};

constexpr std::array<std::string_view, 9> clock_names{
    "now",          "transaction_timestamp", "statement_timestamp", "current_timestamp",
    "current_date", "current_time",          "localtime",           "localtimestamp",
    "age"};

/// Those of the above that are written without parentheses.
constexpr std::array<std::string_view, 5> clock_words{
    "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"};

constexpr std::array<std::string_view, 30> side_effect_names{"dblink",
                                                             "dblink_exec",
                                                             "dblink_send_query",
                                                             "lo_create",
                                                             "lo_export",
                                                             "lo_from_bytea",
                                                             "lo_import",
                                                             "lo_put",
                                                             "lo_unlink",
                                                             "pg_advisory_lock",
                                                             "pg_advisory_lock_shared",
                                                             "pg_advisory_xact_lock",
                                                             "pg_advisory_xact_lock_shared",
                                                             "pg_cancel_backend",
                                                             "pg_drop_replication_slot",
                                                             "pg_logical_emit_message",
                                                             "pg_notify",
                                                             "pg_promote",
                                                             "pg_reload_conf",
                                                             "pg_rotate_logfile",
                                                             "pg_sleep",
                                                             "pg_sleep_for",
                                                             "pg_sleep_until",
                                                             "pg_stat_reset",
                                                             "pg_switch_wal",
                                                             "pg_terminate_backend",
                                                             "pg_try_advisory_lock",
                                                             "pg_export_snapshot",
                                                             "set_config",
                                                             "setval"};

/// Applied to their own result they give another one, or may.
constexpr std::array<std::string_view, 33> accumulating_names{
    "array_append", "array_cat", "array_prepend", "concat",          "concat_ws",
    "convert_to",   "crypt",     "decode",        "digest",          "encode",
    "encrypt",      "factorial", "format",        "hashtext",        "hmac",
    "jsonb_insert", "md5",       "overlay",       "pgp_sym_decrypt", "pgp_sym_encrypt",
    "pow",          "power",     "quote_literal", "regexp_replace",  "repeat",
    "replace",      "reverse",   "sha224",        "sha256",          "sha384",
    "sha512",       "substr",    "translate"};

constexpr std::array<std::string_view, 7> arithmetic{"+", "-", "*", "/", "%", "^", "||"};
constexpr std::array<std::string_view, 7> comparisons{"=", "<>", "!=", "<", ">", "<=", ">="};
constexpr std::string_view operator_characters = "+-*/<>=~!@#%^&|`?:";

struct Word {
  SqlTokenKind kind = SqlTokenKind::symbol;
  std::string text;  ///< of a name what it names; of a symbol the whole operator
  std::size_t offset = 0;

  [[nodiscard]] bool is(std::string_view symbol) const {
    return kind == SqlTokenKind::symbol && text == symbol;
  }
  [[nodiscard]] bool is_word(std::string_view word) const {
    return kind == SqlTokenKind::identifier && text == word;
  }
  [[nodiscard]] bool is_name() const {
    return kind == SqlTokenKind::identifier || kind == SqlTokenKind::quoted_identifier;
  }
};

bool one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::string named(std::string_view token, SqlTokenKind kind) {
  if (kind == SqlTokenKind::identifier) return fold_identifier(token);
  if (kind != SqlTokenKind::quoted_identifier || token.front() != '"') return std::string(token);
  std::string name;
  for (std::size_t i = 1; i + 1 < token.size(); ++i) {
    name += token[i];
    if (token[i] == '"') ++i;
  }
  return name;
}

/// Where the operator that begins at `first` ends. One that holds none of ~!@#%^&|`? does not end
/// in + or - (PostgreSQL manual, 4.1.3): `a*-1` are two.
std::size_t end_of_operator(std::string_view text, const std::vector<SqlToken>& tokens,
                            std::size_t first) {
  std::size_t end = first + 1;
  while (end < tokens.size() && tokens[end].kind == SqlTokenKind::symbol &&
         tokens[end].begin == tokens[end - 1].end &&
         operator_characters.find(text[tokens[end].begin]) != std::string_view::npos) {
    ++end;
  }
  const std::string_view whole =
      text.substr(tokens[first].begin, tokens[end - 1].end - tokens[first].begin);
  if (whole.find_first_of("~!@#%^&|`?") != std::string_view::npos) return end;
  while (end > first + 1 &&
         (text[tokens[end - 1].begin] == '+' || text[tokens[end - 1].begin] == '-')) {
    --end;
  }
  return end;
}

/// The words of an expression without its comments, operators put together.
std::vector<Word> words_of(std::string_view text) {
  const std::vector<SqlToken> tokens = scan_sql(text).tokens;
  std::vector<Word> words;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const SqlToken& token = tokens[i];
    if (token.kind == SqlTokenKind::comment) continue;
    std::size_t last = i;
    if (token.kind == SqlTokenKind::symbol &&
        operator_characters.find(text[token.begin]) != std::string_view::npos) {
      last = end_of_operator(text, tokens, i) - 1;
    }
    const std::string_view piece = text.substr(token.begin, tokens[last].end - token.begin);
    words.push_back({token.kind, named(piece, token.kind), token.begin});
    i = last;
  }
  return words;
}

const Word* at(const std::vector<Word>& words, std::size_t i) {
  return i < words.size() ? &words[i] : nullptr;
}

bool is_at(const std::vector<Word>& words, std::size_t i, std::string_view symbol) {
  const Word* word = at(words, i);
  return word != nullptr && word->is(symbol);
}

std::vector<Sight> calls(std::string_view expression, std::span<const std::string_view> names) {
  const std::vector<Word> words = words_of(expression);
  std::vector<Sight> seen;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].is_name() || !is_at(words, i + 1, "(")) continue;
    if (one_of(names, words[i].text)) seen.push_back({words[i].text + "()", words[i].offset});
  }
  return seen;
}

std::size_t closing(const std::vector<Word>& words, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < words.size(); ++i) {
    if (words[i].is("(")) ++depth;
    if (words[i].is(")") && --depth == 0) return i;
  }
  return words.size();
}

/// Whether NULL is one of the list that begins with the parenthesis at `open`.
bool holds_null(const std::vector<Word>& words, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < words.size(); ++i) {
    if (words[i].is("(")) ++depth;
    if (words[i].is(")") && --depth == 0) return false;
    const bool alone = depth == 1 && (words[i - 1].is("(") || words[i - 1].is(",")) &&
                       (is_at(words, i + 1, ",") || is_at(words, i + 1, ")"));
    if (alone && words[i].is_word("null")) return true;
  }
  return false;
}

/// Without the parentheses around the whole.
std::span<const Word> bare(const std::vector<Word>& words) {
  std::span<const Word> left(words);
  while (left.size() > 2 && left.front().is("(")) {
    const std::vector<Word> inner(left.begin(), left.end());
    if (closing(inner, 0) + 1 != inner.size()) break;
    left = left.subspan(1, left.size() - 2);
  }
  return left;
}

/// Whether a word names the column of the job's own table: alone, or behind the table's name.
bool names_column(const std::vector<Word>& words, std::size_t i, std::string_view table,
                  std::string_view column) {
  if (!words[i].is_name() || words[i].text != column || is_at(words, i + 1, "(")) return false;
  if (i == 0 || !words[i - 1].is(".")) return true;
  return i >= 2 && words[i - 2].text == table;
}

/// `coalesce(n, …)` gives n back once there is one.
bool keeps_what_is_there(const std::vector<Word>& words, std::string_view column) {
  return words.size() > 4 && words[0].is_word("coalesce") && words[1].is("(") &&
         words[2].is_name() && words[2].text == column && words[3].is(",") &&
         closing(words, 1) + 1 == words.size();
}

bool accumulates(const std::vector<Word>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool operation =
        words[i].kind == SqlTokenKind::symbol && one_of(arithmetic, words[i].text);
    // A sign in front of a number is none, and neither is the star of count(*).
    const bool between =
        i > 0 && !words[i - 1].is("(") && !words[i - 1].is(",") &&
        (words[i - 1].kind != SqlTokenKind::symbol || words[i - 1].is(")") || words[i - 1].is("]"));
    const bool negates = i == 0 && words[i].is("-");
    if (operation && (between || negates)) return true;
    if (words[i].is_name() && is_at(words, i + 1, "(") &&
        one_of(accumulating_names, words[i].text)) {
      return true;
    }
    if (words[i].is_word("not") && i == 0) return true;
  }
  return false;
}

}  // namespace

std::vector<Sight> volatile_calls(std::string_view expression) {
  return calls(expression, volatile_names);
}

std::vector<Sight> clock_calls(std::string_view expression) {
  const std::vector<Word> words = words_of(expression);
  std::vector<Sight> seen;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].kind != SqlTokenKind::identifier) continue;
    const bool member = i > 0 && words[i - 1].is(".") && !is_at(words, i + 1, "(");
    if (one_of(clock_words, words[i].text) && !member) {
      seen.push_back({words[i].text, words[i].offset});
    } else if (one_of(clock_names, words[i].text) && is_at(words, i + 1, "(")) {
      // age(a, b) compares two values; age(a) compares one with today.
      const std::size_t end = closing(words, i + 1);
      const bool two = std::any_of(words.begin() + static_cast<std::ptrdiff_t>(i),
                                   words.begin() + static_cast<std::ptrdiff_t>(end),
                                   [](const Word& word) { return word.is(","); });
      if (words[i].text == "age" && two) continue;
      seen.push_back({words[i].text + "()", words[i].offset});
    }
  }
  return seen;
}

std::vector<Sight> side_effects(std::string_view expression) {
  return calls(expression, side_effect_names);
}

std::optional<Sight> placeholder(std::string_view expression) {
  for (const Word& word : words_of(expression)) {
    if (word.is_name() && word.text == "replace_me") return Sight{word.text, word.offset};
  }
  return std::nullopt;
}

std::optional<Sight> comparison_with_null(std::string_view expression) {
  const std::vector<Word> words = words_of(expression);
  const auto compares = [&](std::size_t i) {
    return i < words.size() && words[i].kind == SqlTokenKind::symbol &&
           one_of(comparisons, words[i].text);
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (compares(i) && i + 1 < words.size() && words[i + 1].is_word("null")) {
      return Sight{words[i].text + " NULL", words[i].offset};
    }
    if (words[i].is_word("null") && compares(i + 1)) {
      return Sight{"NULL " + words[i + 1].text, words[i].offset};
    }
    const bool not_in = words[i].is_word("not") && i + 2 < words.size() &&
                        words[i + 1].is_word("in") && words[i + 2].is("(");
    if (!not_in) continue;
    if (holds_null(words, i + 2)) return Sight{"NOT IN (… NULL …)", words[i].offset};
  }
  return std::nullopt;
}

std::optional<Sight> changes_when_repeated(std::string_view expression, const Reader& reader) {
  const std::vector<Word> words = words_of(expression);
  if (keeps_what_is_there(words, reader.column)) return std::nullopt;
  const bool accumulating = accumulates(words);
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const std::string& set : reader.sets) {
      if (!names_column(words, i, reader.table, set)) continue;
      if (set != reader.column || accumulating) return Sight{set, words[i].offset};
    }
  }
  return std::nullopt;
}

bool is_column_alone(std::string_view expression, std::string_view column) {
  const std::vector<Word> words = words_of(expression);
  const std::span<const Word> left = bare(words);
  return left.size() == 1 && left.front().is_name() && left.front().text == column;
}

bool is_cast_of(std::string_view expression, std::string_view column) {
  const std::vector<Word> words = words_of(expression);
  const std::span<const Word> left = bare(words);
  if (left.empty()) return false;
  const bool cast = left.front().is_word("cast") && left.size() > 3 && left[1].is("(") &&
                    left[2].is_name() && left[2].text == column && left[3].is_word("as");
  const bool starts = left.front().is_name() && left.front().text == column &&
                      (left.size() == 1 || left[1].is("::"));
  return (cast || starts) && std::ranges::none_of(left, [](const Word& word) {
           return word.kind == SqlTokenKind::symbol && one_of(arithmetic, word.text);
         });
}

bool is_null_literal(std::string_view expression) {
  const std::vector<Word> words = words_of(expression);
  const std::span<const Word> left = bare(words);
  return !left.empty() && left.front().is_word("null") && (left.size() == 1 || left[1].is("::"));
}

}  // namespace backfill::lint
