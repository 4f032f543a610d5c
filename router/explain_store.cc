#include "router/explain_store.h"

#include <algorithm>

#include "router/base/text.h"
#include "router/dataset/edit.h"
#include "router/dataset/element_edit.h"
#include "router/dataset/head.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/explain_words.h"
#include "router/hold/judging.h"
#include "rules/profiles/aria.h"

namespace router {
namespace {

using hold::Verdict;

constexpr std::string_view kDirectory = "1.2.840.10008.1.3.10";  // Media Storage Directory (PS3.3)

bool Keeps(const config::Acknowledge& acknowledge) {
  return acknowledge.then != config::Acknowledge::Then::kRefuse;
}

void Refuse(uint16_t status, std::string comment, ExplainedEnd* end) {
  end->outcome = Outcome::kRefused;
  end->status = status;
  end->comment = std::move(comment);
}

bool Requires(const store::Requirement& one) { return one.strength == store::Strength::kRequired; }

// The plan with its machines named as they are at the application (`unknown_machine: map`).
void RenameMachines(const config::Application& to, const Verdict& verdict,
                    ExplainedInstance* instance, ExplainedEnd* end) {
  const std::vector<std::vector<dataset::Tag>> paths = hold::MachinePaths();
  auto renamed = dataset::RenameTexts(instance->region, paths, verdict.rename);
  auto before = dataset::ReadAll(instance->region, dataset::kMostEdited);
  if (!renamed || !before) {
    const Error& why = renamed ? before.error() : renamed.error();
    end->outcome = Outcome::kQuarantined;
    end->notes.push_back("its treatment machines cannot be renamed: " + why.detail);
    return;
  }
  const Uid& syntax = instance->instance.transfer_syntax;
  auto differences = dataset::DifferencesBetween({*before, syntax}, {renamed->data_set, syntax});
  if (differences) std::ranges::move(*differences, std::back_inserter(end->edits));
  end->notes.push_back("its treatment machines are named as they are at " + to.name +
                       ": unknown_machine: map");
}

ExplainedHold HoldOf(const Settling& how, const hold::Requirements& requirements) {
  const config::Hold held = Under(how.terms.hold, how.to.hold);
  ExplainedHold hold;
  hold.references = requirements.references;
  for (const std::string& name : requirements.machines) {
    if (how.to.machines.empty()) break;  // none is checked
    hold.machines.emplace_back(name,
                               hold::UnknownMachine(std::span(&name, 1), how.to.machines).empty());
  }
  hold.warn_after = held.warn_after;
  hold.at_most = held.at_most;
  hold.then = held.then;
  if (!how.is_copy && !how.is_suboperation) hold.acknowledge = how.acknowledge;
  return hold;
}

// What is not ready for any other reason than what exists there.
void EndReady(const Settling& how, bool changed, ExplainedEnd* end) {
  end->outcome = how.terms.queue || how.is_copy || changed ? Outcome::kQueued : Outcome::kRelayed;
  if (changed && !how.terms.queue && !how.is_copy)
    end->notes.push_back("it is kept until it was sent, for it was changed");
}

// Of an application that holds. False: it can have no requirements, or they cannot be read.
bool SettleHeld(const Settling& how, ExplainedInstance* instance, ExplainedEnd* end) {
  if (!rules::AriaMayHold(instance->instance.kind)) return false;
  const config::Requirements choices = Under(how.terms.hold, how.to.requirements);
  auto harvested = hold::HarvestFrom(instance->instance, instance->region, choices);
  if (!harvested) {
    Refuse(dimse::status::kCannotUnderstand, AsErrorComment(harvested.error().detail), end);
    return true;
  }
  Verdict verdict;
  bool goes_on = JudgeMachines(how.to, harvested->requirements, verdict);
  if (goes_on && how.terms.hold.hold)
    goes_on = JudgeImages(harvested->requirements, choices.no_images, verdict);
  hold::Requirements& requirements = harvested->requirements;
  if (goes_on && !how.terms.hold.hold)
    for (store::Requirement& one : requirements.references) one.strength = store::Strength::kNoted;
  end->hold = HoldOf(how, requirements);
  end->hold->asks_first = goes_on && std::ranges::any_of(requirements.references, Requires);
  if (!goes_on) {
    const bool refuses = verdict.kind == Verdict::Kind::kRefuse;
    if (refuses || (!how.is_copy && !Keeps(how.acknowledge)))
      Refuse(verdict.status, verdict.comment, end);
    else
      end->outcome = Outcome::kQuarantined;
    end->notes.push_back(verdict.reason.text);
    return true;
  }
  const bool renames = !verdict.rename.empty();
  if (renames && how.is_copy) {
    end->outcome = Outcome::kQuarantined;
    end->notes.push_back("its treatment machines are not renamed in a copy");
    return true;
  }
  EndReady(how, renames, end);
  if (renames) RenameMachines(how.to, verdict, instance, end);
  if (end->outcome == Outcome::kQuarantined || !end->hold->asks_first) return true;
  if (how.is_copy || Keeps(how.acknowledge)) {
    end->outcome = Outcome::kHeld;
  } else {
    Refuse(dimse::status::kOutOfResources, "what it refers to is not there yet", end);
    end->notes.push_back("unless all that it requires exists at " + how.to.name +
                         ": then it is relayed");
  }
  return true;
}

}  // namespace

Result<ExplainedInstance> ReadInstance(const std::string& path) {
  auto header = dataset::ReadPart10Header(path);
  if (!header) return std::unexpected(header.error());
  if (header->meta.sop_class.view() == kDirectory)
    return Fail(Errc::kCorrupt, Blame::kDownstream, "no instance: a DICOMDIR");
  ExplainedInstance read;
  read.path = path;
  read.region = header->DatasetOf(path);
  read.size = header->dataset_length;
  store::Instance& instance = read.instance;
  instance.sop_class = header->meta.sop_class;
  instance.sop_instance = header->meta.sop_instance;
  instance.transfer_syntax = header->meta.transfer_syntax;
  // A data set that cannot be read is for whoever wants to read it: what is relayed is not.
  auto head = dataset::ReadHead(read.region);
  if (head && !head->sop_class.empty()) instance.sop_class = head->sop_class;
  if (head && !head->sop_instance.empty()) instance.sop_instance = head->sop_instance;
  instance.kind = dimse::KindOf(instance.sop_class.view(), head ? head->modality : "");
  if (!head) return read;
  instance.study = head->study;
  instance.series = head->series;
  instance.instance_number = head->instance_number;
  return read;
}

Result<std::vector<dataset::Difference>> TryEdits(std::span<const ElementEdit* const> edits,
                                                  ExplainedInstance* instance) {
  auto edited = dataset::Edit(instance->region, edits);
  if (!edited) return std::unexpected(edited.error());
  if (!edited->changed) return {};
  auto before = dataset::ReadAll(instance->region, dataset::kMostInflated);
  if (!before) return std::unexpected(before.error());
  auto after = std::make_shared<Buffer>(std::move(edited->head));
  const auto rest = std::span(*before).subspan(edited->resume_offset);
  after->insert(after->end(), rest.begin(), rest.end());
  const Uid& syntax = instance->instance.transfer_syntax;
  auto differences = dataset::DifferencesBetween({*before, syntax}, {*after, syntax});
  if (!differences) return differences;
  instance->size = after->size();
  instance->region = {"", 0, syntax, std::move(after)};
  return differences;
}

void GoTo(const config::Application& application, const AeTitle& calling, const AeTitle& called,
          ExplainedEnd* end) {
  end->application = application.name;
  end->address = application.address ? application.address->str() : "";
  end->calling = calling.str();
  end->called = called.str();
}

void Settle(const Settling& how, ExplainedInstance instance, ExplainedEnd* end) {
  const bool holds = how.to.profile == config::Profile::kAria &&
                     (how.as_enforced || how.to.mode == config::Mode::kEnforce);
  if (!holds || !SettleHeld(how, &instance, end)) {
    EndReady(how, false, end);
    if (how.goes_through_spool && end->outcome == Outcome::kRelayed)
      end->notes.push_back("it is spooled first");
  }
  const bool is_kept = end->outcome == Outcome::kHeld || end->outcome == Outcome::kQueued ||
                       end->outcome == Outcome::kQuarantined;
  if (is_kept && how.is_suboperation)
    end->notes.push_back("answered B000H: it is kept here, and has not reached its destination");
}

}  // namespace router
