#include "task.hpp"

namespace sample {

Task<int> run() {
  int rounds = 0;
  while (co_await count(rounds)) ++rounds;
  co_return rounds;
}

}  // namespace sample
