#include "checkpoint/proof_query.hpp"

#include <string>
#include <utility>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr const char* proofs_sql = R"(
SELECT p.phase, p.pass, p.complete, p.rows_compared, p.rows_differing, p.checksum_held,
       p.checksum_expected, p.proven_at, r.no, r.closed, coalesce(r.rows_compared, 0),
       r.rows_differing, r.checksum_held, r.checksum_expected
FROM (SELECT DISTINCT ON (phase) * FROM backfill.proofs WHERE job_id = $1::bigint
      ORDER BY phase, pass DESC) AS p
JOIN backfill.ranges AS r ON r.job_id = p.job_id AND r.phase = p.phase AND r.pass = p.pass
ORDER BY p.phase, r.no)";

ProofReport read_proof(const pg::Row& row) {
  ProofReport proof;
  proof.phase = pg::text_field(row, 0);
  proof.pass = static_cast<int>(pg::integer_field(row, 1));
  proof.complete = pg::bool_field(row, 2);
  proof.rows_compared = pg::integer_field(row, 3);
  proof.rows_differing = pg::integer_field(row, 4);
  proof.checksum_held = pg::text_field(row, 5);
  proof.checksum_expected = pg::text_field(row, 6);
  proof.proven_at = pg::text_field(row, 7);
  return proof;
}

ProvenRange read_range(const pg::Row& row) {
  ProvenRange range;
  range.number = static_cast<int>(pg::integer_field(row, 8));
  range.complete = pg::bool_field(row, 9);
  range.rows_compared = pg::integer_field(row, 10);
  range.rows_differing = pg::integer_field(row, 11);
  range.checksum_held = pg::text_field(row, 12);
  range.checksum_expected = pg::text_field(row, 13);
  return range;
}

}  // namespace

pg::asio::awaitable<Result<std::vector<ProofReport>>> read_proofs(pg::Connection* connection,
                                                                  JobId job) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  const Result<pg::Rows> rows =
      co_await connection->query(proofs_sql, std::move(params), control_deadline);
  if (!rows) co_return rows.error();
  std::vector<ProofReport> proofs;
  for (const pg::Row& row : rows->values) {
    const std::string phase = pg::text_field(row, 0);
    if (proofs.empty() || proofs.back().phase != phase) proofs.push_back(read_proof(row));
    proofs.back().ranges.push_back(read_range(row));
  }
  co_return proofs;
}

}  // namespace backfill
