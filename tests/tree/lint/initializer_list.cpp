#include <vector>

#include "task.hpp"

namespace sample {

Task<int> run() {
  const std::vector<int> values{co_await count(1), co_await count(2)};
  co_return values.front();
}

}  // namespace sample
