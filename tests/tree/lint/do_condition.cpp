#include "task.hpp"

namespace sample {

Task<int> run() {
  int rounds = 0;
  do {
    ++rounds;
  } while (co_await count(rounds));
  co_return rounds;
}

}  // namespace sample
