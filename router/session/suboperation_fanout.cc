#include <algorithm>

#include "router/dataset/convert.h"
#include "router/delivery/sources.h"
#include "router/dimse/messages.h"
#include "router/session/rule_edits.h"
#include "router/session/suboperations.h"
#include "router/store/spool.h"

// A sub-operation that goes to several destinations: kept in the spool until all have answered.
namespace router::session {

// What came, as a file without a row: it is upstream's until we have answered.
struct SuboperationSession::Part {
  ul::AcceptedContext from;
  Spooled spooled;
  SteadyTime answer_by{};  // to upstream
};

namespace {

// Worse first: a failure, then a warning.
int Badness(uint16_t status) {
  switch (dimse::ClassOf(dimse::Command::kCStoreRsp, status)) {
    case dimse::StatusClass::kSuccess:
      return 0;
    case dimse::StatusClass::kWarning:
      return 1;
    default:
      return 2;
  }
}

constexpr std::array<std::string_view, 3> kOutcomes = {"completed", "warning", "failed"};

Task<Result<>> SendFrom(Association& to, ul::ContextId context, dimse::CommandSet command,
                        association::ByteSource& source) {
  Buffer encoded = command.Encode();
  auto turn = co_await to.TakeTurn();
  to.Append(context, true, encoded, true);
  for (;;) {
    auto piece = co_await source.Next();
    if (!piece) {
      to.BreakOff({Errc::kInterrupted, Blame::kInternal, true, "what came cannot be read"});
      co_return std::unexpected(piece.error());
    }
    to.Append(context, false, *piece, piece->empty());
    auto sent = co_await to.Flush();
    if (!sent) to.BreakOff(sent.error());
    if (!sent || piece->empty()) co_return sent;
  }
}

}  // namespace

Task<Result<SuboperationSession::Answer>> SuboperationSession::DeliverToAll(
    std::shared_ptr<OpenMove> move, ul::ContextId context, dimse::CommandSet command, Buffer head,
    bool complete) {
  Part part;
  part.from = *ContextOf(context);
  auto spooled = co_await Spool(part.from.transfer_syntax, command, std::move(head), complete);
  if (!spooled) co_return std::unexpected(spooled.error());
  if (!spooled->file) co_return Answer{dimse::status::kOutOfResources, spooled->why};
  part.spooled = std::move(*spooled);
  part.answer_by = whole_at_ + application_.answer_within;
  command.SetMoveOriginator(move->request.client, move->request.client_message_id);
  std::vector<MoveTarget> targets = move->request.also;
  targets.insert(targets.begin(), move->request.target);
  std::vector<Answer> answers(targets.size());
  std::vector<Task<>> all;
  for (size_t i = 0; i < targets.size(); ++i)
    all.push_back(DeliverTo(move, targets[i], part, command, &answers[i]));
  co_await net::All(std::move(all));
  co_await part.spooled.writer->Drop();
  co_return *std::ranges::max_element(answers, {},
                                      [](const Answer& answer) { return Badness(answer.status); });
}

Task<> SuboperationSession::DeliverTo(std::shared_ptr<OpenMove> move, MoveTarget target,
                                      const Part& whole, dimse::CommandSet command,
                                      Answer* answer) {
  const std::string label = target.label;
  Part own;
  auto ruled = co_await ObeyRules(move, target, whole, command, &own);
  const Part& part = own.spooled.file ? own : whole;
  const auto left =
      std::chrono::duration_cast<Milliseconds>(part.answer_by - upstream_->loop().Now());
  Result<MoveLegs::Leg*> leg = Fail(Errc::kRefused, Blame::kInternal, "");
  if (!ruled) leg = co_await legs_.For(std::move(target), left);
  if (ruled) {
    *answer = std::move(*ruled);
  } else if (!leg) {
    *answer = {dimse::status::kOutOfResources, leg.error().detail};
  } else {
    const ul::AcceptedContext* to = nullptr;
    for (const ul::AcceptedContext& accepted : (*leg)->association->agreed())
      if (accepted.abstract_syntax == part.from.abstract_syntax &&
          (!to || accepted.transfer_syntax == part.from.transfer_syntax))
        to = &accepted;
    if (to) {
      MoveDeadline deadline(upstream_->loop(), **leg);
      deadline.Set(part.answer_by);
      ul::AcceptedContext chosen = *to;
      *answer = co_await deadline.Keep(SendPart(**leg, deadline, std::move(chosen), part, command));
    } else {
      *answer = {dimse::status::kSopClassNotSupported,
                 "the destination does not take this SOP class"};
    }
  }
  if (own.spooled.writer) co_await own.spooled.writer->Drop();
  const auto outcome = kOutcomes[static_cast<size_t>(Badness(answer->status))];
  services_.metrics.Get<metrics::Id::kMoveSuboperations>(label, outcome).Add();
  if (Badness(answer->status) > 0)
    log::Warning("sub-operation failed at one of several destinations",
                 {{"destination", label},
                  {"sop_instance_uid", command.affected_sop_instance().str()},
                  {"status", answer->status},
                  {"why", answer->comment}});
}

// What rules say of it on the way to one of them: an answer, or a part edited for it alone.
Task<std::optional<SuboperationSession::Answer>> SuboperationSession::ObeyRules(
    std::shared_ptr<OpenMove> move, MoveTarget target, const Part& part, dimse::CommandSet command,
    Part* own) {
  Ruling ruling = NewRuling(target);  // others are asked at the same time
  if (ruling.IsEmpty()) co_return std::nullopt;
  net::Signal woken(upstream_->loop());
  RuledRequest request(
      services_, *upstream_, ruling, woken,
      {application_.ae_title, target.label, config_->FindApplication(target.application)},
      Silence());
  Ruling::Beside beside{part.from.transfer_syntax, move->request.destination,
                        move->request.called.str()};
  const dataset::Region region{part.spooled.writer->path(), part.spooled.file->dataset_offset,
                               part.from.transfer_syntax};
  const uint64_t size = part.spooled.file->size - part.spooled.file->dataset_offset;
  if (IsObserved(target)) {
    ruling.OfCommand(command, std::move(beside), services_.clock.WallNow());
    auto look = [&ruling, &region, size] { return ruling.Look(region, size); };
    auto seen = co_await services_.cpu.Run<Result<>>(std::move(look));
    if (seen)
      NoteObservedRules(services_, services_.Application(target.application), ruling, command,
                        application_.ae_title);
    co_return std::nullopt;
  }
  auto obeyed = co_await request.ObeyWhole(command, std::move(beside), region, size);
  if (!obeyed) co_return Answer{dimse::status::kCannotUnderstand, obeyed.error().detail};
  if (request.outcome()) {
    const auto* refuse = std::get_if<rules::Refuse>(&*request.outcome());
    if (!refuse) co_return Answer{dimse::status::kSuccess, ""};
    co_return Answer{refuse->status, refuse->comment};
  }
  if (ruling.decisions().edits.empty()) co_return std::nullopt;
  dataset::FileMeta meta = MetaOf(command, part.from.transfer_syntax);
  auto edited =
      co_await EditSpooled(services_, std::move(meta), region, size, EditsOf(ruling.decisions()));
  if (!edited) co_return Answer{dimse::status::kCannotUnderstand, edited.error().detail};
  if (!edited->part) co_return std::nullopt;
  request.NoteEdits();
  own->from = part.from;
  own->answer_by = part.answer_by;
  own->spooled.writer = std::move(edited->part);
  own->spooled.file = std::move(edited->file);
  co_return std::nullopt;
}

Task<SuboperationSession::Answer> SuboperationSession::SendPart(MoveLegs::Leg& leg,
                                                                MoveDeadline& deadline,
                                                                ul::AcceptedContext to,
                                                                const Part& part,
                                                                dimse::CommandSet command) {
  const dataset::Region region{part.spooled.writer->path(), part.spooled.file->dataset_offset,
                               part.from.transfer_syntax};
  std::unique_ptr<association::ByteSource> source;
  if (to.transfer_syntax == part.from.transfer_syntax) {
    auto opened = co_await delivery::FileSource::Open(services_.disk, region, std::nullopt);
    if (!opened) co_return Answer{dimse::status::kOutOfResources, opened.error().detail};
    source = std::move(*opened);
  } else {
    std::string path = part.spooled.writer->path();
    const Uid wanted = to.transfer_syntax;
    auto convert = [path, wanted]() { return dataset::ConvertToBytes(path, wanted); };
    auto converted = co_await services_.cpu.Run<Result<Buffer>>(std::move(convert));
    if (!converted)
      co_return Answer{dimse::status::kSopClassNotSupported, converted.error().detail};
    source = std::make_unique<delivery::MemorySource>(std::move(*converted));
  }
  command.SetMessageId(++leg.message_id);
  auto sent = co_await SendFrom(*leg.association, to.id, std::move(command), *source);
  if (!sent) co_return Lost(leg, sent.error());
  co_return co_await AwaitAnswer(leg, deadline);
}

}  // namespace router::session
