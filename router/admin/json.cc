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

Json HeldJson(const store::HeldRow& held) {
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
               {"deadline", TimeOrNull(row.deadline)}};
  int more = row.missing - static_cast<int>(held.missing.size());
  if (more > 0) json["missing_more"] = more;
  return json;
}

Json RowJson(const store::HeldRow& held, std::span<const store::HistoryStep> history) {
  const store::Row& row = held.row;
  Json json = HeldJson(held);
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

Json InstanceJson(const Uid& uid, std::span<const store::HeldRow> rows,
                  std::span<const KnownAt> known) {
  auto in = [&](auto... states) {
    return std::ranges::find_if(
        rows, [&](const store::HeldRow& held) { return ((held.row.state == states) || ...); });
  };
  std::string answer, text;
  if (auto it = in(State::kQuarantined); it != rows.end()) {
    answer = "quarantined";
    text = "quarantined for " + it->row.instance.application + ": " + ReasonText(it->row.reason);
  } else if (it = in(State::kWaiting); it != rows.end()) {
    answer = "waiting";
    text = WaitsFor(*it) + " at " + it->row.instance.application;
  } else if (it = in(State::kReady, State::kSending, State::kVerifying); it != rows.end()) {
    answer = "due";
    text = fmt::format("due for {}: {}", it->row.instance.application, NameOf(it->row.state));
  } else if (!known.empty()) {
    answer = "upstream";
    text = "at " + known.front().application;
  } else if (it = in(State::kDelivered); it != rows.end()) {
    answer = "upstream";
    text = "delivered to " + it->row.instance.application;
  } else if (it = in(State::kDiscarded); it != rows.end()) {
    answer = "discarded";
    text = "discarded: " + ReasonText(it->row.reason);
  } else {
    answer = "never_seen";
    text = "never seen here";
  }
  Json json = {{"sop_instance_uid", uid.str()}, {"answer", answer}, {"text", text}};
  json["rows"] = Json::array();
  for (const store::HeldRow& held : rows) json["rows"].push_back(RowJson(held, {}));
  json["known_at"] = Json::array();
  for (const KnownAt& one : known) {
    json["known_at"].push_back({{"application", one.application}, {"how", NameOf(one.how)}});
  }
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace router::admin
