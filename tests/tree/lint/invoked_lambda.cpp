#include "task.hpp"

namespace sample {

Task<int> run(std::string name) {
  const int called = co_await [name]() -> Task<int> { co_return static_cast<int>(name.size()); }();
  co_return called;
}

}  // namespace sample
