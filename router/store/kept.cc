#include <vector>

#include "router/store/steps.h"

namespace router::store::steps {
namespace {

constexpr int kAtOnce = 1000;  // files that make room in one transaction

struct KeptFile {
  std::string name;
  uint64_t size = 0;
};

std::vector<KeptFile> TakeFiles(Rows rows) {
  std::vector<KeptFile> all;
  while (rows.Next()) {
    KeptFile& one = all.emplace_back();
    one.name = rows.Text();
    one.size = static_cast<uint64_t>(rows.Int());
  }
  return all;
}

}  // namespace

RowId Keep(Transaction& tx, const Acceptance& acceptance) {
  Row row;
  row.instance = acceptance.instance;
  row.file = acceptance.file;
  row.canonical = acceptance.canonical;
  row.accepted_at = row.since = row.next_attempt_at = row.moved_at = tx.now();
  row.attempts = 1;
  row.state = State::kDelivered;
  tx.Insert(row);
  tx.RetainFile(row.file.name, acceptance.retain_for);
  tx.GiveUpFile(row.file, true);
  return row.id;
}

uint64_t MakeRoom(Transaction& tx, uint64_t bytes) {
  uint64_t gone = 0;
  if (bytes == 0) return gone;
  for (const KeptFile& file : TakeFiles(tx.database().Ask(
           "SELECT name, size FROM file INDEXED BY file_spare WHERE kept_until IS NOT NULL AND "
           "promised_until = 0 ORDER BY kept_until LIMIT ?",
           kAtOnce))) {
    if (gone >= bytes) break;
    tx.BuryKept(file.name, file.size);
    gone += file.size;
  }
  return gone;
}

int64_t EndKeeping(Transaction& tx, int at_most) {
  const std::vector<KeptFile> ended = TakeFiles(tx.database().Ask(
      "SELECT name, size FROM file WHERE kept_until IS NOT NULL AND kept_until <= ? "
      "ORDER BY kept_until LIMIT ?",
      tx.now(), at_most));
  for (const KeptFile& file : ended) tx.BuryKept(file.name, file.size);
  return static_cast<int64_t>(ended.size());
}

}  // namespace router::store::steps
