#include "task.hpp"

namespace sample {

Task<int> run() {
  int rounds = 0;
  for (; co_await count(rounds);) ++rounds;
  co_return rounds;
}

}  // namespace sample
