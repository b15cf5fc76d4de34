#pragma once

#include <cstdio>
#include <cstdlib>

/// An assertion that stays on in release builds: a wrong checkpoint is worse than a crash, since a
/// crash resumes. `what` says which rule was broken.
#define BACKFILL_CHECK(condition, what)                                               \
  do {                                                                                \
    if (!(condition)) ::backfill::check_failed(#condition, what, __FILE__, __LINE__); \
  } while (false)

namespace backfill {

[[noreturn]] inline void check_failed(const char* condition, const char* what, const char* file,
                                      int line) {
  std::fprintf(stderr, "%s:%d: internal error: %s (%s)\n", file, line, what, condition);
  std::abort();
}

}  // namespace backfill
