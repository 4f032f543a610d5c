#include "router/session/ruling.h"

#include <ctime>

#include "router/dataset/element_reader.h"

namespace router::session {
namespace {

// The elements that rules ask for, as the data set has them.
class DataSetElements final : public rules::Elements {
 public:
  explicit DataSetElements(dataset::ElementReader& reader) : reader_(reader) {}
  const ElementValues& At(size_t slot) override { return reader_.At(slot); }

 private:
  dataset::ElementReader& reader_;
};

}  // namespace

rules::Moment MomentOf(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  localtime_r(&seconds, &local);
  return {static_cast<uint16_t>(local.tm_hour * 60 + local.tm_min),
          static_cast<uint8_t>((local.tm_wday + 6) % 7)};
}

Ruling::Ruling() = default;
Ruling::Ruling(Ruling&&) noexcept = default;
Ruling& Ruling::operator=(Ruling&&) noexcept = default;
Ruling::~Ruling() = default;

Ruling::Ruling(std::shared_ptr<const config::Config> config, rules::Caller caller)
    : config_(std::move(config)), rules_(config_->rules.get()), caller_(std::move(caller)) {
  if (rules_) candidates_ = rules_->CandidatesFor(caller_);
}

const rules::Decisions& Ruling::OfAssociation(WallTime now) {
  if (IsEmpty()) return decisions_;
  now_ = MomentOf(now);
  rules_->Decide(caller_, candidates_, MessageAt(rules::Phase::kAssociation), nullptr, decisions_);
  return decisions_;
}

const rules::Decisions& Ruling::OfCommand(const dimse::CommandSet& command, Beside beside,
                                          WallTime now) {
  if (!rules_) return decisions_;
  now_ = MomentOf(now);
  command_field_ = static_cast<uint16_t>(command.command());
  sop_class_ = command.sop_class();
  sop_instance_ = command.sop_instance();
  beside_ = std::move(beside);
  looking_ = false;
  size_.reset();
  rules_->Decide(caller_, candidates_, MessageAt(rules::Phase::kCommand), nullptr, decisions_);
  return decisions_;
}

Result<> Ruling::Look(Bytes data_set, bool whole) {
  dataset::ElementReader& reader = Reader();
  if (!looking_) reader.Begin(beside_.transfer_syntax);
  looking_ = true;
  reader.Extend(data_set, whole);
  DataSetElements elements(reader);
  if (whole) size_ = data_set.size();
  const rules::Message message = MessageAt(whole ? rules::Phase::kEnd : rules::Phase::kHead);
  rules_->Decide(caller_, candidates_, message, &elements, decisions_);
  return reader.ReadResult();
}

Result<> Ruling::Look(const dataset::Region& file, uint64_t size) {
  dataset::ElementReader& reader = Reader();
  reader.Open(file);
  looking_ = true;
  DataSetElements elements(reader);
  size_ = size;
  const rules::Message message = MessageAt(rules::Phase::kEnd);
  rules_->Decide(caller_, candidates_, message, &elements, decisions_);
  return reader.ReadResult();
}

rules::Trace Ruling::Explain() {
  if (!rules_) return {};
  if (!looking_) return rules_->Explain(caller_, MessageOf(), nullptr, decisions_);
  DataSetElements elements(Reader());
  return rules_->Explain(caller_, MessageOf(), &elements, decisions_);
}

dataset::ElementReader& Ruling::Reader() {
  if (!reader_) reader_ = std::make_unique<dataset::ElementReader>(rules_->paths());
  return *reader_;
}

const config::Application* Ruling::RoutedTo() const {
  const auto& to = decisions_.to;
  if (!to || !rules_->NeedsMessage(to.by) || *to == caller_.application) return nullptr;
  return config_->FindApplication(*to);
}

std::string Ruling::Describe(rules::RuleIndex rule) const {
  return "rule \"" + rules_->NameOf(rule) + "\" (" + rules_->PlaceOf(rule) + ")";
}

rules::Message Ruling::MessageAt(rules::Phase phase) {
  phase_ = phase;
  return MessageOf();
}

rules::Message Ruling::MessageOf() const {
  rules::Message message;
  message.phase = phase_;
  message.now = now_;
  if (phase_ == rules::Phase::kAssociation) return message;
  message.command_field = command_field_;
  message.sop_class = sop_class_.view();
  message.sop_instance = sop_instance_.view();
  message.named = !sop_class_.empty() || phase_ == rules::Phase::kEnd;
  message.transfer_syntax = beside_.transfer_syntax.view();
  message.destination = beside_.destination;
  message.requested = beside_.requested.empty() ? std::string_view(caller_.called)
                                                : std::string_view(beside_.requested);
  message.size = size_;
  return message;
}

}  // namespace router::session
