#include "task.hpp"

namespace sample {

Task<int> run() {
  const int sent = co_await send_times(2);
  co_return sent;
}

}  // namespace sample
