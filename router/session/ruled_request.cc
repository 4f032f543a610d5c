#include "router/session/ruled_request.h"

#include <algorithm>

#include "router/dataset/element_edit.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/session/facts.h"
#include "router/session/observe.h"
#include "router/session/relay.h"
#include "router/session/rule_edits.h"

namespace router::session {
namespace {

constexpr size_t kMostIdentifier = 4 << 20;  // bytes
// Longer than this no client is kept waiting by a limit: most give up after 30 s.
constexpr std::chrono::seconds kMostLimited{20};

}  // namespace

const rules::Decisions& RuledRequest::Begin(const dimse::CommandSet& command,
                                            Ruling::Beside beside) {
  late_ = counted_ = false;
  outcome_.reset();
  edits_.clear();
  command_ = command.command();
  is_store_ = command_ == dimse::Command::kCStoreRq;
  has_data_set_ = command.HasDataSet();
  sop_instance_ = command.sop_instance();
  sop_class_ = command.sop_class();
  transfer_syntax_ = beside.transfer_syntax;
  return ruling_.OfCommand(command, std::move(beside), services_.clock.WallNow());
}

Task<Result<>> RuledRequest::ObeyWhole(const dimse::CommandSet& command, Ruling::Beside beside,
                                       dataset::Region region, uint64_t size) {
  Begin(command, std::move(beside));
  co_return co_await ObeySpooled(std::move(region), size);
}

Task<Result<>> RuledRequest::Look(const dimse::CommandSet& command, Ruling::Beside beside,
                                  Ahead* ahead) {
  const rules::Decisions& decided = Begin(command, std::move(beside));
  while (!decided.Settled()) {
    // Its size is known when all of it has come: that is the spool's to receive.
    const bool whole = decided.needs == rules::Phase::kEnd;
    if (!ahead->complete && IsTooMuch(*ahead, whole)) break;
    if (!ahead->complete) {
      auto received = co_await Receive(ahead);
      if (!received) co_return received;
    }
    auto seen = ruling_.Look(ahead->bytes, ahead->complete);
    if (!seen) Fail(seen.error());
    if (!seen || ahead->complete) break;
  }
  co_return Result<>();
}

Task<Result<>> RuledRequest::Obey(Ahead* ahead) {
  if (outcome_ || late_) co_return Result<>();
  co_await Decide();
  if (outcome_ || !has_data_set_ || ruling_.decisions().edits.empty()) co_return Result<>();
  if (Objects()) co_return Result<>();
  co_return co_await Edit(ahead);
}

Task<Result<>> RuledRequest::ObeySpooled(dataset::Region region, uint64_t size) {
  auto look = [this, &region, size] { return ruling_.Look(region, size); };
  auto seen = co_await services_.cpu.Run<Result<>>(std::move(look));
  if (!seen) co_return seen;
  if (!counted_) co_await Decide();
  if (!outcome_) Objects();
  co_return Result<>();
}

// More than is kept in memory: for the spool, if it has one.
bool RuledRequest::IsTooMuch(const Ahead& ahead, bool needs_whole) {
  const size_t most = is_store_ ? most_ahead_ : kMostIdentifier;
  const bool has_spool = is_store_ && most_ahead_ == kMostAhead;
  if (ahead.bytes.size() < most && !(needs_whole && has_spool)) return false;
  late_ = has_spool;
  if (!late_)
    Fail({Errc::kLimit, from_.blame(), false,
          "its data set has more than " + std::to_string(most >> 20) + " MiB"});
  return true;
}

Task<Result<>> RuledRequest::Receive(Ahead* ahead) {
  auto piece = co_await ReceivePiece(from_, &ahead->complete, silence_);
  if (!piece) co_return std::unexpected(piece.error());
  ahead->bytes.insert(ahead->bytes.end(), piece->begin(), piece->end());
  ahead->any = true;
  co_return Result<>();
}

void RuledRequest::Fail(const Error& why) { outcome_ = CannotObey(why, command_); }

const config::Application* RuledRequest::Target() const {
  const config::Application* elsewhere = ruling_.RoutedTo();
  return elsewhere ? elsewhere : who_.to;
}

// May what the rules say not be edited where it goes? Then it goes nowhere.
bool RuledRequest::Objects() {
  const auto why = ObjectionTo(EditsOf(ruling_.decisions()), sop_class_, Target());
  if (why) Fail({Errc::kBadConfig, Blame::kInternal, false, *why});
  return why.has_value();
}

Task<> RuledRequest::Decide() {
  const rules::Decisions& decided = ruling_.decisions();
  Count();
  if (auto limited = co_await AwaitLimits())
    outcome_ = std::move(*limited);
  else if (decided.outcome)
    outcome_ = *decided.outcome;
  if (!decided.outcome || !outcome_) co_return;
  if (std::holds_alternative<rules::Refuse>(*outcome_))
    log::Info("refused by a rule", {{"by", ruling_.Describe(decided.outcome.by)},
                                    {"command", dimse::NameOf(command_)},
                                    {"calling", who_.calling.view()},
                                    {"application", who_.application},
                                    {"sop_instance_uid", sop_instance_.str()}});
  else
    log::Warning("instance dropped by a rule: its sender is told success, and it goes nowhere",
                 {{"by", ruling_.Describe(decided.outcome.by)},
                  {"calling", who_.calling.view()},
                  {"application", who_.application},
                  {"sop_instance_uid", sop_instance_.str()}});
}

void RuledRequest::Count() {
  const rules::Decisions& decided = ruling_.decisions();
  counted_ = true;
  for (rules::RuleIndex rule : decided.matched)
    services_.metrics.Get<metrics::Id::kRuleMatches>(ruling_.NameOf(rule)).Add();
  for (const auto& line : decided.logs)
    log::Write(line->level, line->text,
               {{"rule", ruling_.NameOf(line.by)},
                {"command", dimse::NameOf(command_)},
                {"calling", who_.calling.view()},
                {"application", who_.application},
                {"sop_instance_uid", sop_instance_.str()}});
}

// Until every limit lets it go. A refusal where that would take too long.
Task<std::optional<rules::Refuse>> RuledRequest::AwaitLimits() {
  const SteadyTime now = services_.clock.Now();
  SteadyTime at = now;
  for (const auto& limit : ruling_.decisions().limits) {
    const std::string client = limit->each_client ? who_.calling.str() : "";
    auto place = services_.rule_limits.Take(ruling_.NameOf(limit.by), client, *limit, now,
                                            now + kMostLimited);
    if (!place)
      co_return rules::Refuse{dimse::status::kOutOfResources,
                              "too many at once for rule " + ruling_.NameOf(limit.by)};
    at = std::max(at, *place);
  }
  if (at > now) co_await woken_.Wait(std::chrono::ceil<Milliseconds>(at - now));
  co_return std::nullopt;
}

// What has come of the data set, as the rules want it; more of it is received if that is needed.
Task<Result<>> RuledRequest::Edit(Ahead* ahead) {
  const std::vector<const ElementEdit*> edits = EditsOf(ruling_.decisions());
  dataset::ElementEditor editor(edits, transfer_syntax_);
  for (;;) {
    auto needs_more = editor.NeedsMore(ahead->bytes, ahead->complete);
    if (!needs_more) Fail(needs_more.error());
    if (!needs_more) co_return Result<>();
    if (!*needs_more) break;
    if (IsTooMuch(*ahead, false)) co_return Result<>();
    auto received = co_await Receive(ahead);
    if (!received) co_return received;
  }
  auto apply = [&editor, ahead] { return editor.Apply(ahead->bytes); };
  auto edited = co_await services_.cpu.Run<Result<dataset::EditedHead>>(std::move(apply));
  if (!edited) Fail(edited.error());
  if (!edited || !edited->changed) co_return Result<>();
  const auto rest = std::span(ahead->bytes).subspan(edited->resume_offset);
  edited->head.insert(edited->head.end(), rest.begin(), rest.end());
  ahead->bytes = std::move(edited->head);
  ahead->any = true;
  NoteEdits();
  co_return Result<>();
}

void RuledRequest::NoteEdits() {
  for (const auto& edit : ruling_.decisions().edits) {
    const std::string by = ruling_.Describe(edit.by);
    edits_ += (edits_.empty() ? "" : "; ") + edit->text + " by " + by;
    log::Info("data set edited by a rule", {{"edit", edit->text},
                                            {"by", by},
                                            {"calling", who_.calling.view()},
                                            {"application", who_.application},
                                            {"sop_instance_uid", sop_instance_.str()}});
  }
}

void NoteObservedRules(Services& services, ApplicationRuntime& runtime, const Ruling& ruling,
                       const dimse::CommandSet& command, const AeTitle& calling) {
  const rules::Decisions& decided = ruling.decisions();
  const bool is_store = command.command() == dimse::Command::kCStoreRq;
  const std::string kind =
      is_store ? std::string(NameOf(dimse::KindOf(command.sop_class().view()))) : "";
  auto note = [&](const char* action, rules::RuleIndex by) {
    log::Info("not done, for the application is only observed",
              {{"action", action},
               {"by", ruling.Describe(by)},
               {"calling", calling.view()},
               {"application", runtime.name},
               {"sop_instance_uid", command.sop_instance().str()}});
    NoteObserved(services, runtime, {action, kind, ruling.NameOf(by)},
                 is_store ? command.sop_instance() : Uid());
  };
  if (decided.outcome)
    note(std::holds_alternative<rules::Drop>(*decided.outcome) ? "drop" : "refuse",
         decided.outcome.by);
  if (decided.to) note("route", decided.to.by);
  if (decided.move_to) note("carry", decided.move_to.by);
  for (const auto& copy : decided.copy_to) note("copy", copy.by);
  if (decided.queue) note("queue", decided.queue.by);
  for (const auto& edit : decided.edits) note("edit", edit.by);
  for (const auto& limit : decided.limits) note("limit", limit.by);
}

}  // namespace router::session
