#include "task.hpp"

namespace sample {

Task<int> run() {
  switch (co_await count()) {
    case 0: co_return 1;
    default: co_return 0;
  }
}

}  // namespace sample
