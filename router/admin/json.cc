#include "router/admin/json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace router::admin {
namespace {

using store::State;

Json TimeOrNull(const std::optional<WallTime>& time) {
  return time ? Json(TimeText(*time)) : Json(nullptr);
}

// What a person is told: the words that came with the state, or the one word of its cause.
std::string ReasonText(const store::Reason& reason) {
  return reason.text.empty() ? std::string(NameOf(reason.cause)) : reason.text;
}

std::string WaitsFor(const store::HeldRow& held) {
  if (held.missing.empty()) return "waiting";
  const store::Requirement& first = held.missing.front();
  std::string text = fmt::format("waiting for {} {}", NameOf(first.kind), first.uid.view());
  int more = held.row.missing - 1;
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

}  // namespace

std::string TimeText(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

Json HeldJson(const store::HeldRow& held, const AtDeadline& at_deadline) {
  const store::Row& row = held.row;
  Json missing = Json::array();
  for (const store::Requirement& one : held.missing) {
    missing.push_back({{"uid", one.uid.str()}, {"kind", NameOf(one.kind)}});
  }
  Json json = {{"sop_instance_uid", row.instance.sop_instance.str()},
               {"kind", NameOf(row.instance.kind)},
               {"application", row.instance.application},
               {"client", row.instance.client.str()},
               {"state", NameOf(row.state)},
               {"reason", ReasonText(row.reason)},
               {"since", TimeText(row.accepted_at)},
               {"missing", std::move(missing)},
               {"existing", held.existing},
               {"next_check", TimeOrNull(held.next_check)},
               {"deadline", TimeOrNull(row.deadline)},
               {"at_deadline", nullptr}};
  if (row.deadline) {
    std::string then(store::NameOf(row.at_deadline));
    if (row.at_deadline == store::AtDeadline::kAsConfigured)
      then = at_deadline(row.instance.application);
    if (!then.empty()) json["at_deadline"] = then;
  }
  int more = row.missing - static_cast<int>(held.missing.size());
  if (more > 0) json["missing_more"] = more;
  return json;
}

Json RowJson(const store::HeldRow& held, std::span<const store::HistoryStep> history,
             const AtDeadline& at_deadline) {
  const store::Row& row = held.row;
  Json json = HeldJson(held, at_deadline);
  json["row"] = row.id;
  json["cause"] = NameOf(row.reason.cause);
  json["state_since"] = TimeText(row.since);
  json["attempts"] = row.attempts;
  json["next_attempt"] = row.state == State::kReady ? Json(TimeText(row.next_attempt_at)) : nullptr;
  json["called"] = row.instance.called.str();
  json["sop_class_uid"] = row.instance.sop_class.str();
  json["study_instance_uid"] = row.instance.study.str();
  json["series_instance_uid"] = row.instance.series.str();
  json["transfer_syntax_uid"] = row.instance.transfer_syntax.str();
  json["bytes"] = row.file.size;
  json["spool_file"] = row.file.name;
  json["history"] = Json::array();
  for (const store::HistoryStep& step : history) {
    json["history"].push_back({{"at", TimeText(step.at)},
                               {"from", step.from ? Json(NameOf(*step.from)) : Json(nullptr)},
                               {"to", NameOf(step.to)},
                               {"reason", ReasonText(step.reason)},
                               {"by", step.by}});
  }
  return json;
}

Json DestinationJson(const DestinationStatus& d) {
  return {{"name", d.name},
          {"ae_title", d.ae_title},
          {"address", d.address},
          {"mode", d.mode},
          {"up", d.up ? Json(*d.up) : Json(nullptr)},
          {"breaker", d.breaker},
          {"last_error", d.last_error},
          {"last_success", TimeOrNull(d.last_success)},
          {"queued", d.queued},
          {"queued_bytes", d.queued_bytes},
          {"held", d.held},
          {"quarantined", d.quarantined},
          {"associations", d.associations},
          {"max_associations", d.max_associations}};
}

Json AssociationJson(const AssociationStatus& a) {
  return {{"id", a.id},
          {"side", a.side},
          {"state", a.state},
          {"calling", a.calling},
          {"called", a.called},
          {"application", a.application},
          {"peer", a.peer},
          {"since", TimeText(a.since)},
          {"messages", a.messages},
          {"bytes", a.bytes}};
}

Json MoveJson(const MoveStatus& m) {
  return {{"id", m.id},
          {"application", m.application},
          {"client", m.client},
          {"destination", m.destination},
          {"state", m.state},
          {"since", TimeText(m.since)},
          {"completed", m.completed},
          {"failed", m.failed},
          {"warnings", m.warnings},
          {"remaining", m.remaining ? Json(*m.remaining) : Json(nullptr)}};
}

Json CommitmentsJson(const CommitmentsStatus& all) {
  Json list = Json::array();
  for (const CommitmentStatus& one : all.oldest)
    list.push_back({{"application", one.application},
                    {"client", one.client},
                    {"transaction_uid", one.transaction.str()},
                    {"state", one.state},
                    {"instances", one.instances},
                    {"since", TimeText(one.since)},
                    {"deadline", TimeText(one.deadline)},
                    {"attempts", one.attempts},
                    {"next_attempt", TimeOrNull(one.next_attempt)}});
  return {{"total", all.total}, {"commitments", std::move(list)}};
}

Json LeaveJson(const LeaveStatus& l) {
  return {{"state", l.state},
          {"directory", l.directory},
          {"since", TimeOrNull(l.since)},
          {"queued", l.queued},
          {"not_upstream", l.instances},
          {"written", l.written},
          {"damaged", l.damaged},
          {"lost", l.lost},
          {"quarantined", l.quarantined},
          {"maybe_there", l.maybe_there},
          {"scripts", l.scripts},
          {"error", l.error}};
}

Json ObservedJson(const ObservedApplication& observed) {
  Json actions = Json::array();
  for (const ObservedApplication::Tally& one : observed.tallies) {
    actions.push_back({{"action", one.action},
                       {"kind", one.kind},
                       {"reason", one.reason},
                       {"count", one.count},
                       {"first", TimeText(one.first)},
                       {"last", TimeText(one.last)},
                       {"latest_sop_instance_uid", one.latest.str()}});
  }
  return {{"application", observed.name},
          {"since", TimeText(observed.since)},
          {"actions", std::move(actions)}};
}

Json StoreJson(const StoreStatus& s) {
  static constexpr size_t kNamed = 500;
  auto names = [](const std::vector<std::string>& all) {
    const size_t some = std::min(all.size(), kNamed);
    return Json{{"count", all.size()},
                {"files", std::vector<std::string>(all.begin(), all.begin() + some)}};
  };
  return {{"directory", s.directory},
          {"free_bytes", s.free_bytes},
          {"free_floor", s.free_floor},
          {"spool_files", s.spool_files},
          {"spool_bytes", s.spool_bytes},
          {"found_at_start",
           {{"parts_removed", s.parts_removed},
            {"outcomes_unknown", s.outcomes_unknown},
            {"files_without_row", names(s.files_without_row)},
            {"rows_without_file", names(s.rows_without_file)},
            {"wrong_sizes", names(s.wrong_sizes)}}}};
}

namespace {

// The answer in one word and in one sentence.
struct Told {
  std::string answer, text;
};

template <class... S>
const store::HeldRow* RowIn(const InstanceFacts& facts, S... states) {
  auto found = std::ranges::find_if(
      facts.rows, [&](const store::HeldRow& held) { return ((held.row.state == states) || ...); });
  return found == facts.rows.end() ? nullptr : &*found;
}

std::string OnceKnown(const KnownAt& known) {
  const std::string at = known.application + ", " + TimeText(known.at);
  if (known.how == store::How::kQuery) return "was found at " + at + "; not looked for since";
  return "was stored at " + at + ", as it answered; not looked for since";
}

Told Tell(const InstanceFacts& facts) {
  auto to = [](const store::HeldRow* held) { return held->row.instance.application; };
  if (auto* held = RowIn(facts, State::kQuarantined))
    return {"quarantined", "quarantined for " + to(held) + ": " + ReasonText(held->row.reason)};
  if (auto* held = RowIn(facts, State::kWaiting))
    return {"waiting", WaitsFor(*held) + " at " + to(held)};
  if (auto* held = RowIn(facts, State::kReady, State::kSending, State::kVerifying))
    return {"due", fmt::format("due for {}: {}", to(held), NameOf(held->row.state))};
  auto believed = std::ranges::find_if(facts.known, &KnownAt::believed);
  if (believed != facts.known.end()) return {"upstream", "at " + believed->application};
  if (auto* held = RowIn(facts, State::kDelivered)) return {"upstream", "delivered to " + to(held)};
  if (!facts.known.empty()) return {"upstream", OnceKnown(facts.known.front())};
  if (auto* held = RowIn(facts, State::kDiscarded))
    return {"discarded", "discarded: " + ReasonText(held->row.reason)};
  if (!facts.refused.empty()) {
    const RefusedAt& last = facts.refused.front();
    return {"refused", fmt::format("refused for {}, {}: status {:04X}H", last.application,
                                   TimeText(last.at), last.status)};
  }
  return {"never_seen", "never seen here"};
}

}  // namespace

Json InstanceJson(const Uid& uid, const InstanceFacts& facts, const AtDeadline& at_deadline) {
  const Told told = Tell(facts);
  Json json = {{"sop_instance_uid", uid.str()}, {"answer", told.answer}, {"text", told.text}};
  json["rows"] = Json::array();
  for (const store::HeldRow& held : facts.rows)
    json["rows"].push_back(RowJson(held, {}, at_deadline));
  json["known_at"] = Json::array();
  for (const KnownAt& one : facts.known) {
    json["known_at"].push_back({{"application", one.application},
                                {"how", NameOf(one.how)},
                                {"at", TimeText(one.at)},
                                {"believed", one.believed}});
  }
  json["refused"] = Json::array();
  for (const RefusedAt& one : facts.refused) {
    json["refused"].push_back({{"application", one.application},
                               {"client", one.client},
                               {"status", fmt::format("{:04X}", one.status)},
                               {"at", TimeText(one.at)}});
  }
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace router::admin
