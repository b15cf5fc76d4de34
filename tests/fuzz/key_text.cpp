#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "pg/text_array.hpp"

// Keys as they travel to the checkpoints and back: nothing in a key is taken for the array's
// syntax.

using namespace backfill;
using namespace backfill::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  const std::vector<std::string> as_server = pg::parse_text_array(text);
  promise(pg::parse_text_array(pg::text_array(as_server)) == as_server,
          "what was read is written so that it is read again", text);
  std::vector<std::string> key;
  for (std::string_view rest = text; !rest.empty();) key.push_back(take_part(rest, '\0'));
  promise(pg::parse_text_array(pg::text_array(key)) == key, "a key comes back as it went", text);
  return 0;
}
