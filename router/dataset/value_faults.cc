#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "router/base/text.h"
#include "router/base/uid.h"
#include "router/dataset/element_value.h"

// PS3.5 Table 6.2-1, as far as one value can be wrong.
namespace router::dataset {
namespace {

using Fault = std::optional<std::string>;

bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }
bool AreDigits(std::string_view text) { return std::ranges::all_of(text, IsDigit); }

bool IsWithin(std::string_view digits, int least, int most) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number >= least && number <= most;
}

Fault AtMost(size_t count, size_t most, std::string_view what) {
  if (count <= most) return std::nullopt;
  return fmt::format("it is longer than {} {}", most, what);
}

// `text`: pairs of digits from hours to seconds, and a fraction.
bool IsTime(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!AreDigits(whole) || whole.size() % 2 || whole.empty() || whole.size() > 6) return false;
  if (!IsWithin(whole.substr(0, 2), 0, 23)) return false;
  if (whole.size() > 2 && !IsWithin(whole.substr(2, 2), 0, 59)) return false;
  if (whole.size() > 4 && !IsWithin(whole.substr(4, 2), 0, 60)) return false;
  if (point == std::string_view::npos) return true;
  const std::string_view fraction = text.substr(point + 1);
  return whole.size() == 6 && !fraction.empty() && fraction.size() <= 6 && AreDigits(fraction);
}

bool IsDate(std::string_view text) {
  return text.size() == 8 && AreDigits(text) && IsWithin(text.substr(4, 2), 1, 12) &&
         IsWithin(text.substr(6, 2), 1, 31);
}

// YYYYMMDDHHMMSS.FFFFFF&ZZXX, from the year on as much as is known.
bool IsDateTime(std::string_view text) {
  if (const size_t zone = text.find_first_of("+-"); zone != std::string_view::npos) {
    const std::string_view offset = text.substr(zone + 1);
    if (offset.size() != 4 || !AreDigits(offset)) return false;
    text = text.substr(0, zone);
  }
  if (text.size() > 8) return IsDate(text.substr(0, 8)) && IsTime(text.substr(8));
  if (text.size() < 4 || text.size() % 2 || !AreDigits(text)) return false;
  if (text.size() >= 6 && !IsWithin(text.substr(4, 2), 1, 12)) return false;
  return text.size() < 8 || IsDate(text);
}

bool IsAge(std::string_view text) {
  return text.size() == 4 && AreDigits(text.substr(0, 3)) &&
         std::string_view("DWMY").find(text[3]) != std::string_view::npos;
}

bool IsInteger(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsDecimal(std::string_view text) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
}

bool IsCode(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) {
    return IsDigit(letter) || (letter >= 'A' && letter <= 'Z') || letter == ' ' || letter == '_';
  });
}

Fault FaultOfName(std::string_view value) {
  if (std::ranges::count(value, '=') > 2) return "a PN has at most three groups";
  while (true) {
    const size_t end = value.find('=');
    const std::string_view group = value.substr(0, end);
    if (std::ranges::count(group, '^') > 4) return "a PN has at most five components";
    if (auto fault = AtMost(CharactersIn(group), 64, "characters")) return fault;
    if (end == std::string_view::npos) return std::nullopt;
    value.remove_prefix(end + 1);
  }
}

Fault FaultOfForm(std::string_view value, Vr vr) {
  const std::string_view text = TrimSpaces(value);
  if (text.empty()) return std::nullopt;
  auto must = [](bool legal, const char* what) { return legal ? Fault() : Fault(what); };
  switch (vr) {
    case VrOf('A', 'S'):
      return must(IsAge(text), "it is no AS (\"045Y\")");
    case VrOf('C', 'S'):
      return must(IsCode(text), "a CS has upper-case letters, digits, spaces and underscores only");
    case VrOf('D', 'A'):
      return must(IsDate(text), "it is no DA (\"20260131\")");
    case VrOf('D', 'S'):
      return must(IsDecimal(text), "it is no number");
    case VrOf('D', 'T'):
      return must(IsDateTime(text), "it is no DT (\"20260131235959\")");
    case VrOf('I', 'S'):
      return must(IsInteger(text), "it is no integer of 32 bits");
    case VrOf('P', 'N'):
      return FaultOfName(value);
    case VrOf('T', 'M'):
      return must(IsTime(text), "it is no TM (\"235959\")");
    case VrOf('U', 'I'):
      return must(Uid(value).IsValid(), "it is no UID");
    default:
      return std::nullopt;
  }
}

// Characters, where the table counts these.
size_t MostOf(Vr vr) {
  switch (vr) {
    case VrOf('A', 'E'):
    case VrOf('C', 'S'):
    case VrOf('D', 'S'):
    case VrOf('S', 'H'):
      return 16;
    case VrOf('I', 'S'):
      return 12;
    case VrOf('T', 'M'):
      return 14;
    case VrOf('D', 'T'):
      return 26;
    case VrOf('L', 'O'):
    case VrOf('U', 'I'):
      return 64;
    case VrOf('L', 'T'):
      return 10240;
    case VrOf('S', 'T'):
      return 1024;
    default:
      return 0xFFFFFFFE;
  }
}

bool HasControl(std::string_view value, Vr vr) {
  const bool lines = vr == VrOf('L', 'T') || vr == VrOf('S', 'T') || vr == VrOf('U', 'T');
  return std::ranges::any_of(value, [lines](char letter) {
    if (lines && (letter == '\n' || letter == '\r' || letter == '\f' || letter == '\t'))
      return false;
    return (letter >= 0 && letter < ' ') || letter == '\x7F';
  });
}

}  // namespace

std::optional<std::string> FaultOf(std::string_view value, Vr vr) {
  if (HasControl(value, vr)) return "it has control characters";
  if (!IsUtf8(value)) return "it is no UTF-8";
  if (!IsInCharacterSet(vr) && CharactersIn(value) != value.size())
    return "its VR allows no characters but those of ISO 646";
  if (auto fault = AtMost(CharactersIn(value), MostOf(vr), "characters")) return fault;
  return FaultOfForm(value, vr);
}

}  // namespace router::dataset
