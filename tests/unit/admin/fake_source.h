#pragma once
#include <functional>
#include <string>
#include <vector>

#include "router/admin/source.h"

namespace router::admin {

inline const WallTime kMonday = WallTime(std::chrono::seconds(1'700'000'000));  // 22:13:20Z

inline store::HeldRow HeldDose(store::RowId id = 7) {
  store::HeldRow held;
  store::Row& row = held.row;
  row.id = id;
  row.instance.sop_instance = Uid("1.2.3.4");
  row.instance.kind = Kind::kDose;
  row.instance.application = "VMSDBD";
  row.instance.client = AeTitle::FromWire("AUTOSEG");
  row.state = store::State::kWaiting;
  row.reason = {store::Cause::kReferences, ""};
  row.accepted_at = kMonday;
  row.since = kMonday + std::chrono::minutes(5);
  row.deadline = kMonday + std::chrono::hours(168);
  row.missing = 1;
  store::Requirement plan;
  plan.uid = Uid("1.2.3.9");
  plan.kind = Kind::kPlan;
  held.missing = {plan};
  held.existing = 1;
  held.next_check = kMonday + std::chrono::seconds(30);
  return held;
}

// Answers what a test has put in; remembers what it was asked to do.
class FakeSource : public Source {
 public:
  std::string Metrics() override { return "sluice_build_info 1\n"; }
  Readiness Ready() override { return readiness; }

  Result<std::vector<store::HeldRow>> Held(const store::HeldFilter& filter) override {
    filters.push_back(filter);
    if (failure) return std::unexpected(*failure);
    std::vector<store::HeldRow> page;
    for (const auto& row : held) {
      if (row.row.id > filter.after && static_cast<int>(page.size()) < filter.limit) {
        page.push_back(row);
      }
    }
    return page;
  }
  Result<std::vector<store::HeldRow>> ByUid(const Uid& uid) override {
    if (failure) return std::unexpected(*failure);
    std::vector<store::HeldRow> rows;
    for (const auto& row : held) {
      if (row.row.instance.sop_instance == uid) rows.push_back(row);
    }
    return rows;
  }
  Result<std::vector<store::Requirement>> Missing(store::RowId, int skip) override {
    std::vector<store::Requirement> rest(all_missing.begin() + skip, all_missing.end());
    return rest;
  }
  Result<std::vector<store::HistoryStep>> History(store::RowId) override {
    return std::vector<store::HistoryStep>{
        {kMonday, std::nullopt, store::State::kWaiting, {}, "sluice"}};
  }
  Result<std::vector<KnownAt>> Known(const Uid&) override { return known; }
  std::vector<RefusedAt> Refused(const Uid&) override { return refused; }
  std::string AtDeadline(const std::string&) override { return at_deadline; }
  Result<store::State> Act(HeldAction action, store::RowId row, std::string reason,
                           std::string by) override {
    acts.push_back(std::string(NameOf(action)) + " " + std::to_string(row) + " " + reason + " " +
                   by);
    return store::State::kReady;
  }
  Result<std::vector<DestinationStatus>> Destinations() override {
    if (blocking) blocking();
    DestinationStatus vms;
    vms.name = "VMSDBD";
    vms.address = "10.1.0.4:51402";
    vms.breaker = "closed";
    vms.up = true;
    vms.queued = 2;
    return std::vector{vms};
  }
  Result<std::vector<AssociationStatus>> Associations() override {
    return std::vector<AssociationStatus>(3);
  }
  Result<std::vector<MoveStatus>> Moves() override { return std::vector<MoveStatus>(1); }
  Result<CommitmentsStatus> Commitments() override {
    if (failure) return std::unexpected(*failure);
    CommitmentStatus one;
    one.application = "VMSDBD";
    one.client = "ECLIPSE";
    one.transaction = Uid("2.1");
    one.state = "decided";
    one.instances = 3;
    one.since = one.deadline = kMonday;
    one.attempts = 2;
    one.next_attempt = kMonday;
    return CommitmentsStatus{1, {one}};
  }
  Result<nlohmann::json> Config() override { return nlohmann::json{{"ae_title", "SLUICE"}}; }
  Result<StoreStatus> Store() override {
    StoreStatus store;
    store.directory = "/var/lib/sluice";
    store.files_without_row = {"0123.dcm"};
    return store;
  }
  Result<std::vector<ObservedApplication>> Observed() override {
    return std::vector<ObservedApplication>{
        {"VMSDBD", kMonday, {{"hold", "dose", "plan", 3, kMonday, kMonday, Uid("1.2.3.4")}}}};
  }
  Result<std::string> Do(Command command, std::string by) override {
    if (command == Command::kDrain)
      return Fail(Errc::kRefused, Blame::kInternal, "it is not to be stopped");
    acts.push_back("reload " + by);
    return std::string("configuration taken over");
  }
  // Each question finds it one step further.
  Result<LeaveStatus> Leave(std::string to, std::string by) override {
    if (failure) return std::unexpected(*failure);
    acts.push_back("leave to " + to + " " + by);
    leaving.front().directory = to;
    return leaving.front();
  }
  Result<LeaveStatus> Leaving() override {
    if (leaving.size() > 1) leaving.erase(leaving.begin());
    return leaving.front();
  }

  Readiness readiness{true, {}};
  std::vector<store::HeldRow> held = {HeldDose()};
  std::vector<store::Requirement> all_missing;
  std::vector<KnownAt> known;
  std::vector<RefusedAt> refused;
  std::string at_deadline = "quarantine";
  std::vector<LeaveStatus> leaving = {LeaveStatus()};  // now, and at the questions to come
  std::optional<Error> failure;
  std::function<void()> blocking;
  std::vector<store::HeldFilter> filters;
  std::vector<std::string> acts;
};

}  // namespace router::admin
