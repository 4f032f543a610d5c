#include <algorithm>

#include "router/dimse/status.h"
#include "router/session/client_session.h"
#include "router/session/rule_edits.h"
#include "router/session/ruled_request.h"

// What rules make of a client's requests: answered here, changed, or sent on with terms of their
// own; of instances once they lie in the spool, where only all of them tells; and copies.
namespace router::session {
namespace {

StoreAnswer AnswerOf(const rules::Outcome& outcome) {
  if (const auto* refuse = std::get_if<rules::Refuse>(&outcome))
    return {refuse->status, refuse->comment};
  return {dimse::status::kSuccess, ""};
}

StoreAnswer AnswerOf(const Error& why) {
  return AnswerOf(rules::Outcome(CannotObey(why, dimse::Command::kCStoreRq)));
}

}  // namespace

// True: the request has been answered, and nothing of it is left to do.
Task<Result<bool>> ClientSession::ObeyRules(Incoming first, dimse::CommandSet command) {
  ruled_ = {};
  RuledRequest::Ahead ahead;
  ahead.complete = first.last;
  Ruling::Beside beside{
      ContextOf(first.context)->transfer_syntax, command.move_destination().str(), {}};
  auto obeyed = co_await rules_.Look(command, std::move(beside), &ahead);
  const bool observed = application_.mode == config::Mode::kObserve;
  if (obeyed && observed)
    NoteObservedRules(services_, runtime_, ruling_, command, rq_.calling.title());
  if (obeyed && !observed) obeyed = co_await rules_.Obey(&ahead);
  if (!obeyed) co_return std::unexpected(obeyed.error());
  // Whoever deals with the message receives it from its beginning.
  if (ahead.any && !first.last) client_->PutBack(std::move(ahead.bytes), ahead.complete);
  if (observed) co_return false;
  ruled_.late = rules_.late();
  if (!rules_.outcome()) {
    if (!ruled_.late) TakeTerms();
    co_return false;
  }
  const StoreAnswer answer = AnswerOf(*rules_.outcome());
  auto ended = co_await EndByRule(first, answer.status, answer.comment);
  if (!ended) co_return std::unexpected(ended.error());
  co_return true;
}

Task<Result<>> ClientSession::EndByRule(Incoming first, uint16_t status, std::string comment) {
  if (status != dimse::status::kSuccess)
    co_return co_await Refuse(first, status, std::move(comment));
  dimse::CommandSet request = client_->command();
  auto drained = co_await Drain(*client_, first.last, MessageSilence());
  if (!drained) co_return std::unexpected(drained.error());
  co_return co_await AnswerRequest(first.context, std::move(request), status, std::move(comment));
}

// What was decided beyond what has been done, for whoever deals with the message.
void ClientSession::TakeTerms() {
  const bool late = ruled_.late;
  ruled_ = RuledBy(ruling_, services_.clock.WallNow());
  ruled_.late = late;
  ruled_.edits = rules_.edits();
}

// ---- in the spool

dataset::FileMeta ClientSession::MetaOf(const dimse::CommandSet& command,
                                        const Uid& transfer_syntax) const {
  return {command.affected_sop_class(),
          command.affected_sop_instance(),
          transfer_syntax,
          Uid(ul::kImplementationClassUid),
          std::string(ul::kImplementationVersion),
          rq_.calling.title()};
}

// An answer: its part is to be dropped. Nothing: it goes on, as `edited` if that has a part.
Task<std::optional<StoreAnswer>> ClientSession::RuleSpooled(dimse::CommandSet command,
                                                            dataset::Region region, uint64_t size,
                                                            SpooledPart* edited) {
  auto obeyed = co_await rules_.ObeySpooled(region, size);
  if (!obeyed) co_return AnswerOf(obeyed.error());
  if (rules_.outcome()) co_return AnswerOf(*rules_.outcome());
  TakeTerms();
  if (ruling_.decisions().edits.empty()) co_return std::nullopt;
  dataset::FileMeta meta = MetaOf(command, region.transfer_syntax);
  auto done =
      co_await EditSpooled(services_, std::move(meta), region, size, EditsOf(ruling_.decisions()));
  if (!done) {
    log::Warning("instance refused: a rule cannot edit it",
                 {{"sop_instance_uid", command.sop_instance().str()},
                  {"application", application_.name},
                  {"calling", rq_.calling.title().view()},
                  {"why", done.error().detail}});
    co_return AnswerOf(done.error());
  }
  if (done->part) rules_.NoteEdits();
  ruled_.edits = rules_.edits();
  *edited = std::move(*done);
  co_return std::nullopt;
}

// The copies that rules want of what is in `region`. Each is a message to its application of its
// own: rules with `to` that application edit it, hold it, or keep it from being made.
Task<Result<std::vector<StoreCopy>>> ClientSession::CopiesOf(dimse::CommandSet command,
                                                             dataset::Region region,
                                                             uint64_t size) {
  std::vector<StoreCopy> copies;
  const std::vector<std::string> names = std::move(ruled_.copy_to);
  for (const std::string& name : names) {
    auto copy = co_await CopyFor(name, command, region, size);
    if (!copy) {
      for (StoreCopy& made : copies)
        if (made.own.part) co_await made.own.part->Drop();
      co_return std::unexpected(copy.error());
    }
    if (*copy) copies.push_back(std::move(**copy));
  }
  co_return copies;
}

// Nothing: rules say that there is to be none.
Task<Result<std::optional<StoreCopy>>> ClientSession::CopyFor(std::string name,
                                                              dimse::CommandSet command,
                                                              dataset::Region region,
                                                              uint64_t size) {
  StoreCopy copy;
  copy.application = config_->FindApplication(name);
  copy.runtime = &services_.Application(name);
  copy.calling_as = config_->CallingTitle(*copy.application, &client_config_, rq_.calling.title());
  rules::Caller caller = ruling_.caller();
  caller.application = name;
  // What was edited before it was copied goes to the copy's application too.
  if (!ruled_.edits.empty())
    if (auto why = ObjectionTo(EditsOf(ruling_.decisions()), command.affected_sop_class(),
                               copy.application))
      co_return Fail(Errc::kBadConfig, Blame::kInternal, std::move(*why));
  Ruling ruling(config_, std::move(caller));
  if (ruling.IsEmpty()) co_return copy;
  const WallTime now = services_.clock.WallNow();
  ruling.OfCommand(command, {region.transfer_syntax, "", ""}, now);
  auto look = [&ruling, &region, size] { return ruling.Look(region, size); };
  auto seen = co_await services_.cpu.Run<Result<>>(std::move(look));
  if (!seen) co_return std::unexpected(seen.error());
  if (copy.application->mode == config::Mode::kObserve) {
    NoteObservedRules(services_, *copy.runtime, ruling, command, rq_.calling.title());
    co_return copy;
  }
  const rules::Decisions& decided = ruling.decisions();
  copy.terms = TermsOf(decided, now);
  if (decided.outcome) {
    log::Info("copy not made: a rule says so",
              {{"by", ruling.Describe(decided.outcome.by)},
               {"application", name},
               {"calling", rq_.calling.title().view()},
               {"sop_instance_uid", command.sop_instance().str()}});
    co_return std::nullopt;
  }
  const std::vector<const ElementEdit*> edits = EditsOf(decided);
  if (auto why = ObjectionTo(edits, command.affected_sop_class(), copy.application))
    co_return Fail(Errc::kBadConfig, Blame::kInternal, std::move(*why));
  if (decided.edits.empty()) co_return copy;
  dataset::FileMeta meta = MetaOf(command, region.transfer_syntax);
  auto edited = co_await EditSpooled(services_, std::move(meta), region, size, edits);
  if (!edited) co_return std::unexpected(edited.error());
  for (const auto& edit : decided.edits)
    copy.note += (copy.note.empty() ? "" : "; ") + edit->text + " by " + ruling.Describe(edit.by);
  copy.own = std::move(*edited);
  co_return copy;
}

}  // namespace router::session
