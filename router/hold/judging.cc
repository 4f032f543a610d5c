#include "router/hold/judging.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "router/base/text.h"
#include "router/dataset/head.h"
#include "router/dimse/status.h"

namespace router::hold {

Result<Harvested> HarvestFrom(const store::Instance& instance, const dataset::Region& file,
                              const config::Requirements& choices) {
  auto head = dataset::ReadHead(file);
  if (!head) return std::unexpected(head.error());
  auto harvest = dataset::HarvestReferences(file, PathsFor(instance.kind));
  if (!harvest) return std::unexpected(harvest.error());
  Harvested harvested;
  harvested.patient = {head->patient_id_digest, head->patient_name_digest};
  harvested.requirements =
      RequirementsOf(instance.kind, instance.sop_instance, *harvest, choices, instance.study);
  for (store::Requirement& one : harvested.requirements.references) one.study = instance.study;
  return harvested;
}

bool JudgeMachines(const config::Application& application, const Requirements& requirements,
                   Verdict& verdict) {
  const std::vector<std::string>& known = application.machines;
  std::vector<std::string> unknown;
  for (const std::string& name : requirements.machines) {
    if (UnknownMachine(std::span(&name, 1), known).empty()) continue;
    auto ours = application.machine_names.find(name);
    const bool map = application.unknown_machine == config::UnknownMachine::kMap;
    if (map && ours != application.machine_names.end())
      verdict.rename[name] = ours->second;
    else
      unknown.push_back(name);
  }
  if (unknown.empty()) return true;
  verdict.rename.clear();  // it stays as it came, for a person to decide
  const std::string name = Printable(unknown.front());
  verdict.reason = {store::Cause::kUnknownMachine,
                    fmt::format("treatment machine \"{}\" is not known to {}; known: {}", name,
                                application.name, fmt::join(known, ", "))};
  const bool refuse = application.unknown_machine == config::UnknownMachine::kRefuse;
  verdict.kind = refuse ? Verdict::Kind::kRefuse : Verdict::Kind::kQuarantine;
  verdict.status = dimse::status::kCannotUnderstand;
  verdict.comment = AsErrorComment(
      fmt::format("machine {} unknown here; known: {}", name, fmt::join(known, ", ")));
  return false;
}

bool JudgeImages(const Requirements& requirements, config::NoImages choice, Verdict& verdict) {
  const bool keep = choice == config::NoImages::kQuarantine;
  if (!requirements.names_no_images || !keep) return true;
  verdict.kind = Verdict::Kind::kQuarantine;
  verdict.reason = {store::Cause::kReferences,
                    "it names no image, no series and no frame of reference"};
  verdict.status = dimse::status::kCannotUnderstand;
  verdict.comment = verdict.reason.text;
  return false;
}

}  // namespace router::hold
