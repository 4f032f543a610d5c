#pragma once
#include "router/admin/source.h"

namespace router {

class App;

// What the API tells, read from the ledger's read-only connection and from snapshots that the
// loops make. Owned by the app; called on the HTTP threads.
class AdminSource : public admin::Source {
 public:
  explicit AdminSource(App& app) : app_(app) {}

  std::string Metrics() override;
  admin::Readiness Ready() override;
  Result<std::vector<store::HeldRow>> Held(const store::HeldFilter& filter) override;
  Result<std::vector<store::HeldRow>> ByUid(const Uid& sop_instance) override;
  Result<std::vector<store::Requirement>> Missing(store::RowId row, int skip) override;
  Result<std::vector<store::HistoryStep>> History(store::RowId row) override;
  Result<std::vector<admin::KnownAt>> Known(const Uid& sop_instance) override;
  std::vector<admin::RefusedAt> Refused(const Uid& sop_instance) override;
  std::string AtDeadline(const std::string& application) override;
  Result<store::State> Act(admin::HeldAction action, store::RowId row, std::string reason,
                           std::string by) override;
  Result<std::vector<admin::DestinationStatus>> Destinations() override;
  Result<std::vector<admin::AssociationStatus>> Associations() override;
  Result<std::vector<admin::MoveStatus>> Moves() override;
  Result<admin::CommitmentsStatus> Commitments() override;
  Result<nlohmann::json> Config() override;
  Result<admin::StoreStatus> Store() override;
  Result<std::vector<admin::ObservedApplication>> Observed() override;
  Result<std::string> Do(admin::Command command, std::string by) override;
  Result<admin::LeaveStatus> Leave(std::string to, std::string by) override;
  Result<admin::LeaveStatus> Leaving() override;

 private:
  App& app_;
};

}  // namespace router
