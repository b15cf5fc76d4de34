#pragma once

#include <deque>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/engine.hpp"
#include "core/time.hpp"

namespace backfill::sim {

/// The last things that happened. It is off while seeds run by the thousand; a seed that failed is
/// run again with it on, which costs nothing in truth since every run of a seed is the same.
class History {
 public:
  enum class Kind { off, last, live };
  explicit History(Kind kind) : kind_(kind) {}

  [[nodiscard]] bool on() const { return kind_ != Kind::off; }

  template <class... Args>
  void add(Instant now, fmt::format_string<Args...> format, Args&&... args) {
    if (on()) keep(now, fmt::format(format, std::forward<Args>(args)...));
  }

  [[nodiscard]] std::string text() const;

 private:
  void keep(Instant now, std::string line);

  static constexpr std::size_t most_lines = 60;
  Kind kind_;
  std::deque<std::string> lines_;
};

[[nodiscard]] std::string show(const Action& action);
[[nodiscard]] std::string show(const Event& event);

}  // namespace backfill::sim
