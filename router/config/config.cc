#include "router/config/config.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>

namespace router::config {
namespace {

bool AnyContains(const std::vector<Cidr>& ranges, const IpAddress& address) {
  return std::ranges::any_of(ranges, [&](const Cidr& range) { return range.Contains(address); });
}

// Where a client receives, asked for by somebody at `caller`.
std::optional<Endpoint> WhereItReceives(const Client& client, const IpAddress& caller) {
  if (client.address) return client.address;
  if (client.receives_on == 0) return std::nullopt;
  if (client.CallsFrom(caller)) return Endpoint{caller.str(), client.receives_on};
  if (client.from.size() == 1 && client.from.front().IsOneAddress())
    return Endpoint{client.from.front().network().str(), client.receives_on};
  return std::nullopt;
}

}  // namespace

bool Application::HasTitle(const AeTitle& title) const {
  return title == ae_title || title.view() == name ||
         std::ranges::find(also_called, title) != also_called.end();
}

bool Application::CallsFrom(const IpAddress& caller) const { return AnyContains(from, caller); }

bool Client::HasTitle(const AeTitle& title) const {
  // A backslash cannot stand in a title, so it need not quote in a pattern.
  return std::ranges::any_of(ae_titles, [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), title.str().c_str(), FNM_NOESCAPE) == 0;
  });
}

bool Client::CallsFrom(const IpAddress& caller) const { return AnyContains(from, caller); }

const Application* Config::FindApplication(std::string_view name) const {
  auto found = std::ranges::find(applications, name, &Application::name);
  return found == applications.end() ? nullptr : &*found;
}

const Application* Config::FindApplicationByCalledTitle(const AeTitle& called) const {
  for (const Application& application : applications)
    if (application.HasTitle(called)) return &application;
  return nullptr;
}

const Application* Config::FindApplicationByAddressAndCalling(const IpAddress& address,
                                                              const AeTitle& calling) const {
  for (const Application& application : applications)
    if (application.HasTitle(calling) && application.CallsFrom(address)) return &application;
  return nullptr;
}

const Client* Config::FindClient(const AeTitle& calling, const IpAddress& address) const {
  for (const Client& client : clients)
    if (client.HasTitle(calling) && client.CallsFrom(address)) return &client;
  return nullptr;
}

const Client* Config::FindClientByTitle(const AeTitle& title, const IpAddress& caller) const {
  const Client* elsewhere = nullptr;
  for (const Client& client : clients) {
    if (!client.Receives() || !client.HasTitle(title)) continue;
    if (client.CallsFrom(caller)) return &client;
    if (!elsewhere) elsewhere = &client;
  }
  return elsewhere;
}

std::optional<Destination> Config::FindDestination(const AeTitle& title,
                                                   const IpAddress& caller) const {
  if (const Application* found = FindApplicationByCalledTitle(title))
    return Destination{found, nullptr, found->ae_title, found->address};
  if (const Client* found = FindClientByTitle(title, caller))
    return Destination{nullptr, found, title, WhereItReceives(*found, caller)};
  return std::nullopt;
}

std::vector<AeTitle> Config::OurTitles() const {
  std::vector<AeTitle> titles = {ae_title};
  for (const Application& application : applications) {
    titles.insert(titles.end(), application.move_as.begin(), application.move_as.end());
    if (!application.call_as.empty()) titles.push_back(application.call_as);
  }
  for (const Client& client : clients)
    if (!client.call_as.empty()) titles.push_back(client.call_as);
  std::ranges::sort(titles);
  titles.erase(std::ranges::unique(titles).begin(), titles.end());
  return titles;
}

bool Config::IsOurTitle(const AeTitle& title) const {
  return std::ranges::binary_search(OurTitles(), title);
}

AeTitle Config::CallingTitle(const Application& application, const Client* client,
                             const AeTitle& calling) const {
  if (client && !client->call_as.empty()) return client->call_as;
  if (!application.call_as.empty()) return application.call_as;
  return client ? calling : ae_title;
}

std::string_view NameOf(Operation operation) {
  constexpr std::array<std::string_view, kOperations> kNames = {
      "echo", "store", "find", "move", "get", "commit", "normalized"};
  return kNames[static_cast<size_t>(operation)];
}

std::string_view NameOf(Mode mode) { return mode == Mode::kObserve ? "observe" : "enforce"; }
std::string_view NameOf(Profile profile) { return profile == Profile::kAria ? "aria" : "none"; }
std::string_view NameOf(Moves moves) { return moves == Moves::kCarry ? "carry" : "forward"; }
std::string_view NameOf(StorageCommitment commitment) {
  constexpr std::array<std::string_view, 3> kNames = {"off", "retained", "existence"};
  return kNames[static_cast<size_t>(commitment)];
}

}  // namespace router::config
