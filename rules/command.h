#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace rules {

// The requests that rules tell apart (PS3.7 E.1), each with its bit in masks of commands.
struct Command {
  std::string_view name;
  uint16_t field;
  bool has_data_set;  // may have one at all (PS3.7 9.3, 10.3)
};
inline constexpr std::array<Command, 11> kCommands = {{{"C-STORE", 0x0001, true},
                                                       {"C-FIND", 0x0020, true},
                                                       {"C-MOVE", 0x0021, true},
                                                       {"C-GET", 0x0010, true},
                                                       {"C-ECHO", 0x0030, false},
                                                       {"N-ACTION", 0x0130, true},
                                                       {"N-EVENT-REPORT", 0x0100, true},
                                                       {"N-GET", 0x0110, false},
                                                       {"N-SET", 0x0120, true},
                                                       {"N-CREATE", 0x0140, true},
                                                       {"N-DELETE", 0x0150, false}}};
// What has none of these fields (C-CANCEL-RQ): the bit after them.
inline constexpr size_t kCommandBits = kCommands.size() + 1;
inline constexpr uint16_t kEveryCommand = (1u << kCommandBits) - 1;
inline constexpr size_t kStore = 0, kFind = 1, kMove = 2, kGet = 3, kEcho = 4;

constexpr size_t CommandIndex(uint16_t field) {
  for (size_t i = 0; i < kCommands.size(); ++i)
    if (kCommands[i].field == field) return i;
  return kCommands.size();
}
constexpr uint16_t CommandBit(uint16_t field) {
  return static_cast<uint16_t>(1u << CommandIndex(field));
}
constexpr bool HasDataSet(size_t index) {
  return index < kCommands.size() && kCommands[index].has_data_set;
}
constexpr std::string_view NameOfCommand(size_t index) {
  return index < kCommands.size() ? kCommands[index].name : "another command";
}

}  // namespace rules
