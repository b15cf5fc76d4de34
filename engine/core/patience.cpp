#include "core/patience.hpp"

#include <utility>

namespace backfill {
namespace {

/// A transaction that holds rows mostly ends within minutes; one that fails is not mended by time.
constexpr int locked_tries_per_retry = 10;

}  // namespace

Patience::Verdict Patience::on(Setback setback, int retries, std::int64_t commits, Random& random) {
  Verdict verdict;
  switch (setback) {
    case Setback::failed:
      verdict.pause = failed_.next(random);
      verdict.tries = failed_.attempts();
      verdict.limit = retries;
      verdict.exhausted = verdict.tries > retries;
      break;
    case Setback::locked:
      verdict.pause = locked_.next(random);
      verdict.tries = locked_.attempts();
      if (std::exchange(commits_seen_, commits) != commits) locked_in_vain_ = 0;
      verdict.exhausted = ++locked_in_vain_ > retries * locked_tries_per_retry;
      break;
    case Setback::yielded:
      verdict.pause = yielded_.next(random);
      verdict.tries = yielded_.attempts();
      break;
  }
  return verdict;
}

}  // namespace backfill
