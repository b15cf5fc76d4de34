#include "core/nearest.hpp"

#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace backfill;

namespace {

constexpr std::array<std::string_view, 5> keys{"connections", "batch", "rows_per_second", "slow",
                                               "stop"};

/// Every word over `letters` up to `length_max` letters.
std::vector<std::string> all_words(std::string_view letters, std::size_t length_max) {
  std::vector<std::string> words{""};
  for (std::size_t begin = 0, length = 0; length < length_max; ++length) {
    const std::size_t end = words.size();
    for (; begin < end; ++begin) {
      for (const char letter : letters) words.push_back(words[begin] + letter);
    }
  }
  return words;
}

/// All words that one edit makes of `word`.
std::vector<std::string> one_edit_away(const std::string& word, std::string_view letters) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i <= word.size(); ++i) {
    for (const char c : letters) {
      words.push_back(word.substr(0, i) + c + word.substr(i));
      if (i < word.size()) words.push_back(word.substr(0, i) + c + word.substr(i + 1));
    }
    if (i < word.size()) words.push_back(word.substr(0, i) + word.substr(i + 1));
    if (i + 1 < word.size()) {
      words.push_back(word.substr(0, i) + word[i + 1] + word[i] + word.substr(i + 2));
    }
  }
  return words;
}

}  // namespace

TEST_CASE("edit_distance_is_symmetric_and_zero_only_for_equal_words") {
  const std::vector<std::string> words = all_words("ab", 4);
  for (const std::string& a : words) {
    for (const std::string& b : words) {
      const std::size_t distance = edit_distance(a, b);
      REQUIRE(distance == edit_distance(b, a));
      REQUIRE((distance == 0) == (a == b));
      REQUIRE(distance <= std::max(a.size(), b.size()));
    }
  }
}

TEST_CASE("one_edit_is_at_distance_one_at_most") {
  for (const std::string& word : all_words("abc", 4)) {
    for (const std::string& edited : one_edit_away(word, "abc")) {
      REQUIRE(edit_distance(word, edited) == (word == edited ? 0 : 1));
    }
  }
}

TEST_CASE("edit_distance_of_known_words") {
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("stpo", "stop") == 1);
  CHECK(edit_distance("Lock-Timeout", "lock_timeout") == 0);
  CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("a_misspelt_key_finds_its_word") {
  CHECK(nearest_word("conections", keys) == "connections");
  CHECK(nearest_word("Rows-Per-Second", keys) == "rows_per_second");
  CHECK(nearest_word("bacth", keys) == "batch");
  CHECK(nearest_word("slo", keys) == "slow");
}

TEST_CASE("a_beginning_finds_the_only_word_it_begins") {
  CHECK(nearest_word("conn", keys) == "connections");
  CHECK(nearest_word("rows", keys) == "rows_per_second");
  const std::array<std::string_view, 2> two{"connections", "connection_limit"};
  CHECK_FALSE(nearest_word("conn", two));
}

TEST_CASE("a_word_unlike_any_other_finds_nothing") {
  CHECK_FALSE(nearest_word("", keys));
  CHECK_FALSE(nearest_word("enforce", keys));
  CHECK_FALSE(nearest_word("xy", keys));
  CHECK_FALSE(nearest_word(std::string(65, 's'), keys));
  CHECK_FALSE(nearest_word("slow", {}));
}
