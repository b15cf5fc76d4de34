#include "task.hpp"

namespace sample {

Task<int> run(bool both) {
  const int total = both ? co_await count(2) : 1;
  co_return total;
}

}  // namespace sample
