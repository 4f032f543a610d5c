#pragma once
#include <map>
#include <memory>
#include <set>

#include "router/session/commitment_report.h"
#include "router/store/row.h"

namespace router::session {

// Requests for storage commitment whose answer is still being sent, and the associations of those
// who may be told there. A request can be asked again while it is being reported. On one loop.
class ReportLines {
 public:
  // Somebody asked: an N-ACTION-RSP is to be sent first.
  void Ask(store::RowId commitment) { ++answering_[commitment]; }
  bool IsAnswering(store::RowId commitment) const { return answering_.contains(commitment); }
  // It was sent, or cannot be any more. `line`: where that client may be told; null: nowhere.
  void Answered(store::RowId commitment, std::shared_ptr<ReportLine> line) {
    if (line && !settled_.contains(commitment)) lines_[commitment] = std::move(line);
    auto answering = answering_.find(commitment);
    if (answering == answering_.end() || --answering->second > 0) return;
    answering_.erase(answering);
    settled_.erase(commitment);
  }

  std::shared_ptr<ReportLine> Of(store::RowId commitment) const {
    auto found = lines_.find(commitment);
    return found != lines_.end() ? found->second : nullptr;
  }
  // The association has ended.
  void Forget(store::RowId commitment) { lines_.erase(commitment); }
  // Its report is owed no more, whoever is still being answered.
  void Settled(store::RowId commitment) {
    lines_.erase(commitment);
    if (answering_.contains(commitment)) settled_.insert(commitment);
  }
  void Clear() { lines_.clear(); }
  size_t size() const { return lines_.size() + answering_.size() + settled_.size(); }

 private:
  std::map<store::RowId, int> answering_;  // N-ACTION-RSPs not yet sent
  std::set<store::RowId> settled_;         // of these
  std::map<store::RowId, std::shared_ptr<ReportLine>> lines_;
};

}  // namespace router::session
