#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/command.h"
#include "rules/decisions.h"
#include "rules/facts.h"
#include "rules/regex_sets.h"
#include "rules/text_table.h"

namespace rules {

inline constexpr std::string_view kVerification =
    "1.2.840.10008.1.1";  // of every C-ECHO (PS3.4 A.4)

// What conditions look texts up in.
struct Tables {
  TextTable sop_classes, transfer_syntaxes, destinations, requested;
  RegexSets regexes;
  void Seal();
};

// What is known while rules are asked about one message, or about an association. On the stack.
struct Asking {
  const Tables& tables;
  const Caller& caller;
  const Message* message = nullptr;  // null: the association alone, and not even the time is known
  Elements* elements = nullptr;      // null: nothing of the data set is known, or there is none
  Phase phase = Phase::kAssociation;
  RegexScratch* scratch = nullptr;
  size_t command = 0;        // index into kCommands; from kCommand on
  bool has_data_set = true;  // false: none will come
  TextTable::Row sop_class, transfer_syntax, destination, requested;  // from kCommand on

  Asking(const Tables& tables, const Caller& caller);
  Asking(const Tables& tables, const Caller& caller, const Message& message, Elements* elements,
         RegexScratch& scratch);
};

}  // namespace rules
