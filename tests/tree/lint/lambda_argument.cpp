#include "task.hpp"

namespace sample {

Task<int> run(std::string name) {
  const int called =
      co_await call([name](int extra) { return static_cast<int>(name.size()) + extra; });
  co_return called;
}

}  // namespace sample
