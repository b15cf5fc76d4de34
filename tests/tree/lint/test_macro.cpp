#include "task.hpp"

namespace sample {

#define REQUIRE(condition) (void)(condition)

Task<int> run() {
  REQUIRE(co_await count() == 1);
  co_return 0;
}

}  // namespace sample
