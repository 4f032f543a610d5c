#include "tests/bench/requestor.h"

#include <algorithm>

namespace bench {
namespace {

uint32_t Shorter(uint32_t ours, uint32_t theirs) {
  return theirs == 0 ? ours : std::min(ours, theirs);
}

bool IsWarning(uint16_t status) { return (status & 0xf000) == 0xb000; }

std::vector<Segment> Whole(Bytes command, const Bytes& data_set) {
  AppendPdvHeaders(command, 1, kLastPdv, data_set.size());
  command.insert(command.end(), data_set.begin(), data_set.end());
  auto owner = std::make_shared<const Bytes>(std::move(command));
  return {{owner->data(), owner->size(), owner}};
}

}  // namespace

void Tally::Add(const Tally& other) {
  messages += other.messages;
  bytes += other.bytes;
  failed += other.failed;
  if (other.refused != 0) refused = other.refused;
  pending += other.pending;
  completed += other.completed;
  lost += other.lost;
  associations += other.associations;
  if (other.first > 0) first = first > 0 ? std::min(first, other.first) : other.first;
  last = std::max(last, other.last);
  seconds.insert(seconds.end(), other.seconds.begin(), other.seconds.end());
}

Requestor::Requestor(Reactor& reactor, Plan& plan, Tally& tally, std::function<void()> done)
    : Connection(reactor, ConnectTo(plan.port), true),
      plan_(plan),
      tally_(tally),
      done_(std::move(done)),
      begun_(Now()) {}

void Requestor::OnConnected() {
  Send(AssociateRequest(plan_.called, plan_.calling, plan_.sop_class, plan_.max_pdu));
}

void Requestor::OnPdu(PduType type, View body) {
  if (type == kAssociateAc && !established_) {
    established_ = true;
    ++tally_.associations;
    if (plan_.instance) cut_ = plan_.instance->CutFor(Shorter(plan_.max_pdu, MaxPduOf(body)));
    if (plan_.work == Work::kAssociate) return Finish();
    if (plan_.work != Work::kIdle) Next();
    return;
  }
  if (type == kReleaseRp && releasing_) {
    if (plan_.work == Work::kAssociate) ++tally_.messages, Note();
  } else {
    ++tally_.lost;
  }
  Close();
  reactor().Defer(done_);
}

void Requestor::OnClosed() {
  ++tally_.lost;
  reactor().Defer(done_);
}

void Requestor::Finish() {
  if (!open() || releasing_) return;
  releasing_ = true;
  Send(Release(kReleaseRq));
}

void Requestor::Next() {
  if (!plan_.Take(!begun_one_)) return Finish();
  begun_one_ = true;
  begun_ = Now();
  if (tally_.first == 0) tally_.first = begun_;
  // A C-FIND has always the same, so that the sink encodes its answers once.
  message_id_ = plan_.work == Work::kFind ? 1 : static_cast<uint16_t>(message_id_ + 1);
  SendRequest();
}

void Requestor::SendRequest() {
  CommandSet command;
  command.Text(0x0002, plan_.sop_class);
  switch (plan_.work) {
    case Work::kStore:
      return Send(
          plan_.instance->Message(*cut_, message_id_, plan_.next.fetch_add(1), plan_.originator));
    case Work::kFind:
      command.Short(0x0100, kFind).Short(0x0110, message_id_).Short(0x0700, 0).Short(0x0800, 1);
      return Send(Whole(command.Pdu(1), plan_.identifier));
    case Work::kMove:
      command.Short(0x0100, kMove).Short(0x0110, message_id_);
      command.Text(0x0600, plan_.move_destination).Short(0x0700, 0).Short(0x0800, 1);
      return Send(Whole(command.Pdu(1), plan_.identifier));
    default:
      command.Short(0x0100, kEcho).Short(0x0110, message_id_).Short(0x0800, kNoDataSet);
      return Send(command.Pdu(1));
  }
}

void Requestor::OnMessage(uint8_t, const Command& command, uint64_t) {
  if ((command.status & 0xfffe) == kPending) {
    ++tally_.pending;
    return;
  }
  tally_.completed += command.completed;
  if (command.status == 0 || IsWarning(command.status)) {
    ++tally_.messages;
    if (plan_.instance) tally_.bytes += plan_.instance->size();
  } else {
    ++tally_.failed;
    tally_.refused = command.status;
  }
  Note();
  Next();
}

void Requestor::Note() {
  tally_.last = Now();
  if (tally_.first == 0) tally_.first = begun_;
  tally_.seconds.push_back(static_cast<float>(tally_.last - begun_));
}

}  // namespace bench
