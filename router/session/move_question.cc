#include "router/session/move_question.h"

#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/session/legs.h"

namespace router::session {
namespace {

using association::Scu;
using dataset::Identifier;

constexpr dataset::Tag kLevel = 0x00080052, kPatientId = 0x00100020, kStudy = 0x0020000D;

constexpr size_t kMostAnswers = 1'000'000;  // to one C-FIND

std::unexpected<Error> Unknown(std::string why) {
  return Fail(Errc::kRefused, Blame::kUpstream, std::move(why));
}

// A root task: what waits for the answer waits for no more.
Task<> EndAside(std::unique_ptr<Scu> scu, delivery::Slot slot, bool in_peace) {
  if (in_peace)
    co_await scu->Release();
  else
    co_await scu->Abort();
  slot.Release();
}

}  // namespace

MoveQuestion::MoveQuestion(Services& services, net::Loop& loop,
                           const config::Application& application, AeTitle calling, AeTitle called,
                           uint32_t max_pdu, net::Milliseconds wait)
    : services_(services),
      loop_(loop),
      application_(application),
      calling_(calling),
      called_(called),
      max_pdu_(max_pdu),
      at_most_(wait),
      wait_(std::make_shared<delivery::SlotWait>(*services.Application(application.name).home)) {}

MoveQuestion::~MoveQuestion() = default;

Task<Result<std::vector<Identifier>>> MoveQuestion::Find(Identifier keys) {
  if (!scu_ && !called_off_) {
    auto opened = co_await Open();
    if (!opened) co_return std::unexpected(opened.error());
  }
  if (called_off_) co_return std::unexpected(CalledOff());
  auto answers = co_await Ask(std::move(keys));
  if (!answers && answers.error().code != Errc::kRefused) in_peace_ = false;
  co_return answers;
}

Task<Result<>> MoveQuestion::Open() {
  auto slot = co_await TakeSlot(services_.Application(application_.name),
                                delivery::Purpose::kReserved, at_most_, wait_);
  if (!slot) co_return std::unexpected(slot.error());
  association::Peer peer{EndpointOf(application_),       calling_, called_, TimersOf(application_),
                         application_.timeouts.response, max_pdu_};
  std::vector<ul::ProposedContext> contexts = {
      {1,
       Uid(dimse::uid::kStudyRootFind),
       {Uid(dimse::uid::kExplicitVrLittleEndian), Uid(dimse::uid::kImplicitVrLittleEndian)}}};
  auto scu = co_await Scu::Open(loop_, std::move(peer), std::move(contexts), nullptr, &opening_);
  if (!scu) co_return std::unexpected(scu.error());
  slot_ = std::move(*slot);
  scu_ = std::move(*scu);
  co_return Result<>();
}

Task<Result<std::vector<Identifier>>> MoveQuestion::Ask(Identifier keys) {
  const ul::AcceptedContext* context = scu_->Find(Uid(dimse::uid::kStudyRootFind));
  if (!context) co_return Unknown("no Study Root C-FIND is accepted");
  auto encoded = keys.Encode(context->transfer_syntax);
  if (!encoded) co_return std::unexpected(encoded.error());
  std::vector<Identifier> answers;
  bool unreadable = false;  // or without an end
  const Uid syntax = context->transfer_syntax;
  auto take = [&answers, &unreadable, syntax](Bytes answer) {
    auto decoded = Identifier::Decode(answer, syntax);
    if (decoded && answers.size() < kMostAnswers)
      answers.push_back(std::move(*decoded));
    else
      unreadable = true;
    return !unreadable;
  };
  Buffer identifier = std::move(*encoded);
  auto status = co_await scu_->Find(*context, std::move(identifier), take);
  if (!status) co_return std::unexpected(status.error());
  if (unreadable) co_return Unknown("an answer to the C-FIND cannot be read");
  if (*status != dimse::status::kSuccess)
    co_return Unknown("the C-FIND was not answered with success");
  co_return answers;
}

void MoveQuestion::End() {
  if (scu_) loop_.Spawn(EndAside(std::move(scu_), std::move(slot_), in_peace_));
}

void MoveQuestion::CallOff() {
  if (std::exchange(called_off_, true)) return;
  wait_->CallOff();
  opening_.Interrupt();
  if (scu_) scu_->association().Interrupt(CalledOff());
}

Error MoveQuestion::CalledOff() const {
  return {Errc::kInterrupted, Blame::kInternal, true, "the question was called off"};
}

Task<Result<std::vector<Uid>>> StudiesOf(std::shared_ptr<MoveQuestion> question,
                                         std::string patient_id) {
  auto keys = Identifier::Of({{kLevel, "STUDY"}, {kPatientId, patient_id}, {kStudy, ""}});
  auto answers = co_await question->Find(std::move(keys));
  question->End();
  if (!answers) co_return std::unexpected(answers.error());
  std::vector<Uid> studies;
  for (const Identifier& answer : *answers) {
    const auto of = answer.Text(kPatientId);
    if (!of || of->empty() || answer.UidOf(kStudy).empty())
      co_return Unknown("an answer to the C-FIND names no study, or nobody's");
    if (*of == patient_id) studies.push_back(answer.UidOf(kStudy));
  }
  co_return studies;
}

}  // namespace router::session
