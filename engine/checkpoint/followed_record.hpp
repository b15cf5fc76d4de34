#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "backfill/result.hpp"
#include "core/reference.hpp"
#include "pg/connection.hpp"

/// Which foreign keys a type-copy has followed when it added its columns. The catalog cannot tell
/// later: somebody may have dropped one of them, or made another. It stands in `detail` of the
/// phase `add`, and is written in the transaction that adds the columns.
namespace backfill {

/// A table that follows, and what the checkpoints of its copy stand on.
struct FollowedTable {
  QualifiedName table;
  std::vector<std::string> key;  ///< the columns that it is walked along
  std::string ground;            ///< of `ground_of`
  friend bool operator==(const FollowedTable&, const FollowedTable&) = default;
};

struct Followed {
  std::vector<Reference> references;
  std::vector<FollowedTable> tables;  ///< none in the records of versions that did not keep them
};

[[nodiscard]] std::string followed_record(const Followed& followed);

/// As the job's record says; of the references those whose columns are still there. Nothing where
/// no job of this name has added anything.
[[nodiscard]] boost::asio::awaitable<Result<Followed>> read_followed(pg::Connection* connection,
                                                                     std::string job);

}  // namespace backfill
