#include "task.hpp"

namespace sample {

Task<int> run() {
  if (co_await count() > 0) co_return 1;
  co_return 0;
}

}  // namespace sample
