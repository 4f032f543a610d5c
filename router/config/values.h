#pragma once
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "router/base/ae_title.h"
#include "router/base/log.h"
#include "router/base/result.h"
#include "router/config/config.h"
#include "router/config/shape.h"

// Scalars of the file, from their text. Every error names the text and says what to write.
namespace router::config {

template <class E>
struct Word {
  std::string_view text;
  E value;
};

// The words of an enumeration, in the order in which they are offered.
template <class E>
struct Words;

template <>
struct Words<bool> {
  static constexpr std::array<Word<bool>, 2> kAll = {{{"true", true}, {"false", false}}};
};
template <>
struct Words<Profile> {
  static constexpr std::array<Word<Profile>, 2> kAll = {
      {{"none", Profile::kNone}, {"aria", Profile::kAria}}};
};
template <>
struct Words<Mode> {
  static constexpr std::array<Word<Mode>, 2> kAll = {
      {{"observe", Mode::kObserve}, {"enforce", Mode::kEnforce}}};
};
template <>
struct Words<UnknownMachine> {
  static constexpr std::array<Word<UnknownMachine>, 3> kAll = {
      {{"quarantine", UnknownMachine::kQuarantine},
       {"refuse", UnknownMachine::kRefuse},
       {"map", UnknownMachine::kMap}}};
};
template <>
struct Words<AfterDeadline> {
  static constexpr std::array<Word<AfterDeadline>, 2> kAll = {
      {{"quarantine", AfterDeadline::kQuarantine}, {"send", AfterDeadline::kSend}}};
};
template <>
struct Words<Moves> {
  static constexpr std::array<Word<Moves>, 2> kAll = {
      {{"forward", Moves::kForward}, {"carry", Moves::kCarry}}};
};
template <>
struct Words<Confirm> {
  static constexpr std::array<Word<Confirm>, 2> kAll = {
      {{"status", Confirm::kStatus}, {"query", Confirm::kQuery}}};
};
template <>
struct Words<MoveOriginator> {
  static constexpr std::array<Word<MoveOriginator>, 3> kAll = {{{"learn", MoveOriginator::kLearn},
                                                                {"yes", MoveOriginator::kYes},
                                                                {"no", MoveOriginator::kNo}}};
};
template <>
struct Words<UnknownDestinations> {
  static constexpr std::array<Word<UnknownDestinations>, 2> kAll = {
      {{"pass", UnknownDestinations::kPass}, {"refuse", UnknownDestinations::kRefuse}}};
};
template <>
struct Words<ClientGone> {
  static constexpr std::array<Word<ClientGone>, 2> kAll = {
      {{"stop", ClientGone::kStop}, {"finish", ClientGone::kFinish}}};
};
template <>
struct Words<Get> {
  static constexpr std::array<Word<Get>, 3> kAll = {
      {{"auto", Get::kAuto}, {"relay", Get::kRelay}, {"bridge", Get::kBridge}}};
};
template <>
struct Words<OnConflict> {
  static constexpr std::array<Word<OnConflict>, 2> kAll = {
      {{"keep", OnConflict::kKeep}, {"replace", OnConflict::kReplace}}};
};
template <>
struct Words<PatientCheck> {
  static constexpr std::array<Word<PatientCheck>, 2> kAll = {
      {{"warn", PatientCheck::kWarn}, {"quarantine", PatientCheck::kQuarantine}}};
};
template <>
struct Words<Strength> {
  static constexpr std::array<Word<Strength>, 2> kAll = {
      {{"required", Strength::kRequired}, {"noted", Strength::kNoted}}};
};
template <>
struct Words<StorageCommitment> {
  static constexpr std::array<Word<StorageCommitment>, 3> kAll = {
      {{"off", StorageCommitment::kOff},
       {"retained", StorageCommitment::kRetained},
       {"existence", StorageCommitment::kExistence}}};
};
template <>
struct Words<MatchImages> {
  static constexpr std::array<Word<MatchImages>, 3> kAll = {
      {{"instance", MatchImages::kInstance},
       {"series", MatchImages::kSeries},
       {"frame_of_reference", MatchImages::kFrameOfReference}}};
};
template <>
struct Words<MatchStructureSets> {
  static constexpr std::array<Word<MatchStructureSets>, 2> kAll = {
      {{"instance", MatchStructureSets::kInstance}, {"study", MatchStructureSets::kStudy}}};
};
template <>
struct Words<NoImages> {
  static constexpr std::array<Word<NoImages>, 2> kAll = {
      {{"release", NoImages::kRelease}, {"quarantine", NoImages::kQuarantine}}};
};
template <>
struct Words<Acknowledge::Then> {
  static constexpr std::array<Word<Acknowledge::Then>, 2> kAll = {
      {{"durable", Acknowledge::Then::kDurable}, {"refuse", Acknowledge::Then::kRefuse}}};
};
template <>
struct Words<log::Level> {
  static constexpr std::array<Word<log::Level>, 4> kAll = {{{"debug", log::Level::kDebug},
                                                            {"info", log::Level::kInfo},
                                                            {"warning", log::Level::kWarning},
                                                            {"error", log::Level::kError}}};
};
template <>
struct Words<log::Form> {
  static constexpr std::array<Word<log::Form>, 2> kAll = {
      {{"text", log::Form::kText}, {"json", log::Form::kJson}}};
};
template <>
struct Words<Operation> {
  static constexpr std::array<Word<Operation>, kOperations> kAll = {
      {{"echo", Operation::kEcho},
       {"store", Operation::kStore},
       {"find", Operation::kFind},
       {"move", Operation::kMove},
       {"get", Operation::kGet},
       {"commit", Operation::kCommit},
       {"normalized", Operation::kNormalized}}};
};

std::unexpected<Error> NotAValue(std::string_view text, std::string_view why);

// One way to read each type: specialised in values.cc, and here for words.
template <class T>
Result<T> ParseValue(std::string_view text) {
  std::string offered;
  for (const auto& word : Words<T>::kAll) {
    if (word.text == text) return word.value;
    offered += (offered.empty() ? "" : ", ") + std::string(word.text);
  }
  return NotAValue(text, "is none of: " + offered);
}

template <>
Result<std::string> ParseValue(std::string_view text);  // not empty, printable
template <>
Result<uint32_t> ParseValue(std::string_view text);  // digits
template <>
Result<Duration> ParseValue(std::string_view text);  // 500ms, 30s, 15m, 2h, 7d
template <>
Result<ByteCount> ParseValue(std::string_view text);  // 512B, 128KiB, 64MiB, 10GiB, 1TiB
template <>
Result<AeTitle> ParseValue(std::string_view text);
template <>
Result<Cidr> ParseValue(std::string_view text);
template <>
Result<Endpoint> ParseValue(std::string_view text);
template <>
Result<StatusPattern> ParseValue(std::string_view text);

// Strong names for texts with a form of their own.
struct ListenPort {  // 0: any that is free
  uint16_t port;
};
struct ClientPort {  // 1 to 65535
  uint16_t port;
};
struct ListenEndpoint {  // a port alone, or address:port; the address is no name
  Endpoint endpoint;
};
struct TitlePattern {  // an AE title in which *, ? and [...] match (fnmatch(3))
  std::string text;
};
struct MachineName {  // (300A,00B2), SH: up to 16 characters, ends trimmed
  std::string text;
};
struct AbsolutePath {
  std::string text;
};
struct ListenAddress {  // numeric
  std::string text;
};
struct FilePattern {  // glob(7)
  std::string text;
};

template <>
Result<ListenPort> ParseValue(std::string_view text);
template <>
Result<ClientPort> ParseValue(std::string_view text);
template <>
Result<ListenEndpoint> ParseValue(std::string_view text);
template <>
Result<TitlePattern> ParseValue(std::string_view text);
template <>
Result<MachineName> ParseValue(std::string_view text);
template <>
Result<AbsolutePath> ParseValue(std::string_view text);
template <>
Result<ListenAddress> ParseValue(std::string_view text);
template <>
Result<FilePattern> ParseValue(std::string_view text);

// What each type is called, and which texts it takes (shape.h): value_types.cc, and here for words.
template <class T>
ScalarType TypeOf() {
  ScalarType type;
  for (const auto& word : Words<T>::kAll) type.words.emplace_back(word.text);
  return type;
}

template <>
ScalarType TypeOf<std::string>();
template <>
ScalarType TypeOf<uint32_t>();
template <>
ScalarType TypeOf<Duration>();
template <>
ScalarType TypeOf<ByteCount>();
template <>
ScalarType TypeOf<AeTitle>();
template <>
ScalarType TypeOf<Cidr>();
template <>
ScalarType TypeOf<Endpoint>();
template <>
ScalarType TypeOf<StatusPattern>();
template <>
ScalarType TypeOf<ListenPort>();
template <>
ScalarType TypeOf<ClientPort>();
template <>
ScalarType TypeOf<ListenEndpoint>();
template <>
ScalarType TypeOf<TitlePattern>();
template <>
ScalarType TypeOf<MachineName>();
template <>
ScalarType TypeOf<AbsolutePath>();
template <>
ScalarType TypeOf<ListenAddress>();
template <>
ScalarType TypeOf<FilePattern>();

// As a person would write it: 90s, 2h, 128KiB, A7xx. Empty: nothing is there to be written.
template <class T>
  requires requires { Words<T>::kAll; }
std::string Write(T value) {
  for (const auto& word : Words<T>::kAll)
    if (word.value == value) return std::string(word.text);
  return {};
}
std::string Write(Duration duration);
std::string Write(ByteCount bytes);
std::string Write(const StatusPattern& pattern);
std::string Write(const Endpoint& endpoint);
inline std::string Write(uint32_t number) { return std::to_string(number); }
inline std::string Write(const std::string& text) { return text; }
inline std::string Write(const AeTitle& title) { return title.str(); }
inline std::string Write(const Cidr& range) { return range.str(); }
inline std::string Write(const ListenPort& port) { return std::to_string(port.port); }
inline std::string Write(const ClientPort& port) {
  return port.port ? std::to_string(port.port) : "";
}
inline std::string Write(const ListenEndpoint& listener) { return Write(listener.endpoint); }
inline std::string Write(const TitlePattern& pattern) { return pattern.text; }
inline std::string Write(const MachineName& machine) { return machine.text; }
inline std::string Write(const AbsolutePath& path) { return path.text; }
inline std::string Write(const ListenAddress& address) { return address.text; }
inline std::string Write(const FilePattern& pattern) { return pattern.text; }

}  // namespace router::config
