#include "router/admin/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace router::admin {
namespace {

size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

// Of what an answer may lack: another version may have answered.
std::string Text(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

int64_t Number(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<int64_t>() : 0;
}

std::optional<WallTime> Time(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string Why(const Json& held) {
  if (Text(held, "state") == "quarantined") return Text(held, "reason");
  auto missing = held.find("missing");
  if (missing == held.end() || !missing->is_array() || missing->empty()) {
    return Text(held, "reason");
  }
  std::string text =
      "waits for " + Text(missing->front(), "kind") + " " + Text(missing->front(), "uid");
  int64_t more = static_cast<int64_t>(missing->size()) - 1 + Number(held, "missing_more");
  if (more > 0) text += fmt::format(" and {} more", more);
  if (int64_t existing = Number(held, "existing"); existing > 0) {
    text += fmt::format("; {} of what it needs exist", existing);
  }
  if (auto next = Text(held, "next_check"); !next.empty()) text += "; asked again " + next;
  if (auto deadline = Text(held, "deadline"); !deadline.empty()) {
    text += "; deadline " + deadline;
    const std::string then = Text(held, "at_deadline");
    if (then == "quarantine") text += ", then quarantined";
    if (then == "send") text += ", then sent as it is";
  }
  return text;
}

}  // namespace

std::string Aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - Width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string AgeText(std::chrono::seconds age) {
  int64_t s = std::max<int64_t>(age.count(), 0);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m", s / 60);
  if (s < 86400) return fmt::format("{}h {}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d {}h", s / 86400, s % 86400 / 3600);
}

std::string HeldTable(const Json& held, WallTime now) {
  if (held.empty()) return "nothing is held\n";
  std::vector<std::vector<std::string>> rows = {
      {"STATE", "KIND", "APPLICATION", "CLIENT", "HELD FOR", "SOP INSTANCE UID"}};
  for (const Json& one : held) {
    auto since = Time(Text(one, "since"));
    std::string age =
        since ? AgeText(std::chrono::duration_cast<std::chrono::seconds>(now - *since)) : "";
    rows.push_back({Text(one, "state"), Text(one, "kind"), Text(one, "application"),
                    Text(one, "client"), age, Text(one, "sop_instance_uid")});
  }
  std::string aligned = Aligned(rows), text;
  size_t at = aligned.find('\n') + 1;
  text = aligned.substr(0, at);
  for (const Json& one : held) {
    size_t end = aligned.find('\n', at) + 1;
    text += aligned.substr(at, end - at) + "    " + Why(one) + "\n";
    at = end;
  }
  if (std::ranges::any_of(held,
                          [](const Json& one) { return Text(one, "state") == "quarantined"; }))
    text +=
        "\nquarantined: mend what the line says, then sluice retry UID; or sluice release UID, or "
        "sluice discard UID --reason TEXT\n";
  return text;
}

std::string ObservedTable(const Json& observed) {
  if (observed.empty()) return "no application has mode: observe\n";
  std::string text;
  for (const Json& application : observed) {
    text += (text.empty() ? "" : "\n") + Text(application, "application") + ", observed since " +
            Text(application, "since") + "\n";
    std::vector<std::vector<std::string>> rows = {
        {"WOULD", "KIND", "REASON", "COUNT", "LAST", "LATEST SOP INSTANCE UID"}};
    auto actions = application.find("actions");
    if (actions == application.end() || !actions->is_array() || actions->empty()) {
      text += "nothing has passed that could have been held\n";
      continue;
    }
    for (const Json& one : *actions)
      rows.push_back({Text(one, "action"), Text(one, "kind"), Text(one, "reason"),
                      Text(one, "count"), Text(one, "last"), Text(one, "latest_sop_instance_uid")});
    text += Aligned(rows);
  }
  return text;
}

std::string CommitmentLine(const Json& commitments) {
  const int64_t total = Number(commitments, "total");
  if (total == 0) return "";
  std::string text = fmt::format("{} requests for storage commitment not reported yet", total);
  auto oldest = commitments.find("commitments");
  if (oldest != commitments.end() && oldest->is_array() && !oldest->empty()) {
    const Json& first = oldest->front();
    text += fmt::format(", the oldest ({}) of {} to {}, since {}", Text(first, "state"),
                        Text(first, "client"), Text(first, "application"), Text(first, "since"));
    if (Number(first, "attempts") > 0) text += "; reported in vain: " + Text(first, "attempts");
  }
  return text + "\n";
}

std::string DestinationTable(const Json& destinations) {
  std::vector<std::vector<std::string>> rows = {
      {"DESTINATION", "ADDRESS", "UP", "BREAKER", "QUEUED", "HELD", "QUARANTINED", "LAST ERROR"}};
  for (const Json& one : destinations) {
    auto up = one.find("up");
    bool known = up != one.end() && up->is_boolean();
    rows.push_back({Text(one, "name"), Text(one, "address"),
                    known ? (up->get<bool>() ? "yes" : "no") : "?", Text(one, "breaker"),
                    Text(one, "queued"), Text(one, "held"), Text(one, "quarantined"),
                    Text(one, "last_error")});
  }
  return Aligned(rows);
}

}  // namespace router::admin
