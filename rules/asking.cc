#include "rules/asking.h"

#include "router/base/text.h"

namespace rules {

void Tables::Seal() {
  sop_classes.Seal();
  transfer_syntaxes.Seal();
  destinations.Seal();
  requested.Seal();
  regexes.Seal();
}

Asking::Asking(const Tables& all, const Caller& from) : tables(all), caller(from) {}

Asking::Asking(const Tables& all, const Caller& from, const Message& asked, Elements* data_set,
               RegexScratch& kept)
    : tables(all), caller(from), message(&asked), phase(asked.phase), scratch(&kept) {
  if (phase < Phase::kCommand) return;
  command = CommandIndex(asked.command_field);
  has_data_set = HasDataSet(command);
  if (phase >= Phase::kHead && has_data_set) elements = data_set;
  if (elements) all.regexes.Prepare(kept);
  // What cannot be otherwise is not looked at, so that rules can be checked by the command alone.
  const bool moves = command == kMove || command == kStore;
  sop_class = all.sop_classes.Find(command == kEcho ? kVerification
                                                    : router::TrimUidPadding(asked.sop_class));
  transfer_syntax = all.transfer_syntaxes.Find(router::TrimUidPadding(asked.transfer_syntax));
  destination = all.destinations.Find(moves ? router::TrimSpaces(asked.destination) : "");
  requested = all.requested.Find(router::TrimSpaces(asked.requested));
}

}  // namespace rules
