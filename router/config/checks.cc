#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "router/config/schema.h"

// What single keys cannot show. Each check is one function; each reports at the place of the key
// that somebody would have to change.
namespace router::config {
namespace {

std::string Quoted(const AeTitle& title) { return "\"" + title.str() + "\""; }
std::string PathOf(const Application& application) { return "applications." + application.name; }
std::string PathOf(size_t client) { return "clients[" + std::to_string(client) + "]"; }

// A title of an application together with the key that gives it.
struct Title {
  AeTitle title;
  std::string path;
};

std::vector<Title> TitlesOf(const Application& application) {
  std::string path = PathOf(application);
  std::vector<Title> titles = {{application.ae_title, path + ".ae_title"}};
  auto name = AeTitle::Parse(application.name);
  if (name && *name != application.ae_title) titles.push_back({*name, path});
  for (size_t i = 0; i < application.also_called.size(); ++i)
    titles.push_back(
        {application.also_called[i], path + ".also_called[" + std::to_string(i) + "]"});
  std::erase_if(titles, [](const Title& title) { return title.title.empty(); });
  return titles;
}

void CheckCalledTitles(Reader& reader, const Config& config) {
  std::map<AeTitle, const Application*> owners;
  for (const Application& application : config.applications) {
    for (const Title& title : TitlesOf(application)) {
      const Positioned& place = reader.PlaceOf(title.path);
      auto [owner, fresh] = owners.try_emplace(title.title, &application);
      if (title.title == config.ae_title)
        reader.Error(place, Quoted(title.title) +
                                " is our own ae_title; clients could not tell "
                                "which of the two they call");
      else if (!fresh && owner->second != &application)
        reader.Error(place, Quoted(title.title) + " is a title of application " +
                                owner->second->name + " already; a called title must name one");
      else if (!fresh)
        reader.Warn(place, Quoted(title.title) + " stands here twice");
    }
  }
}

void CheckMoveTitles(Reader& reader, const Config& config) {
  for (const Application& application : config.applications) {
    for (size_t i = 0; i < application.move_as.size(); ++i) {
      const AeTitle& title = application.move_as[i];
      if (title == config.ae_title) continue;
      const Positioned& place =
          reader.PlaceOf(PathOf(application) + ".move_as[" + std::to_string(i) + "]");
      if (const Application* other = config.FindApplicationByCalledTitle(title))
        reader.Error(place, "move_as: " + Quoted(title) + " is a title of application " +
                                other->name + "; it must be one of our own");
      if (std::ranges::count(application.move_as, title) > 1 &&
          std::ranges::find(application.move_as, title) ==
              application.move_as.begin() + static_cast<std::ptrdiff_t>(i))
        reader.Error(place, "move_as: " + Quoted(title) + " stands here twice");
    }
  }
}

// Every listener with the key that gives it. Port 0 takes any free port and is in nobody's way.
struct Listener {
  Endpoint endpoint;
  std::string path, what;
};

std::vector<Listener> ListenersOf(const Config& config) {
  std::vector<Listener> listeners;
  listeners.reserve(config.listen.size() + 2);
  for (size_t i = 0; i < config.listen.size(); ++i)
    listeners.push_back({config.listen[i], "listen[" + std::to_string(i) + "]", "listen"});
  if (config.admin.listen) listeners.push_back({*config.admin.listen, "admin.listen", "admin"});
  if (config.metrics) listeners.push_back({*config.metrics, "metrics.listen", "metrics"});
  std::erase_if(listeners, [](const Listener& listener) { return listener.endpoint.port == 0; });
  return listeners;
}

bool IsEveryInterface(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

void CheckListeners(Reader& reader, const Config& config) {
  std::vector<Listener> listeners = ListenersOf(config);
  for (size_t i = 0; i < listeners.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Endpoint &a = listeners[j].endpoint, &b = listeners[i].endpoint;
      if (a.port != b.port) continue;
      if (a.host != b.host && !IsEveryInterface(a.host) && !IsEveryInterface(b.host)) continue;
      reader.Error(reader.PlaceOf(listeners[i].path), listeners[i].what + ": port " +
                                                          std::to_string(b.port) + " is taken by " +
                                                          listeners[j].what + " already");
      break;
    }
  }
}

bool IsLoopback(const std::string& host) {
  auto ip = IpAddress::Parse(host);
  return host == "localhost" || (ip && ip->IsLoopback());
}

// Does a listener answer at this endpoint? Addresses of our interfaces are not asked for: this
// check is pure, so that a configuration can be checked on another machine.
bool Reaches(const Endpoint& listener, const Endpoint& endpoint) {
  if (listener.port != endpoint.port) return false;
  if (listener.host == endpoint.host) return true;
  return IsLoopback(endpoint.host) &&
         (IsEveryInterface(listener.host) || IsLoopback(listener.host));
}

void CheckAddress(Reader& reader, const Config& config, const Application& application) {
  std::string path = PathOf(application);
  if (!application.address) {
    if (reader.Written(path + ".address")) return;  // said already what is wrong with it
    if (application.profile == Profile::kAria)
      reader.Error(reader.PlaceOf(path), application.name + ": profile aria needs an address");
    else if (application.from.empty() && application.move_to.empty())
      reader.Error(reader.PlaceOf(path),
                   application.name + " needs an address, or from if it only ever calls us");
    if (application.moves == Moves::kCarry)
      reader.Error(reader.PlaceOf(path + ".moves"), "moves: carry needs an address");
    return;
  }
  const Positioned& place = reader.PlaceOf(path + ".address");
  for (const Endpoint& listener : config.listen)
    if (listener.port != 0 && Reaches(listener, *application.address))
      reader.Error(place, "address: " + application.address->str() +
                              " is our own listener; we would call ourselves");
  if (application.from.empty() && !reader.Written(path + ".from"))
    reader.Warn(place, application.name +
                           ": the address is a name, by which its own calls to us cannot be "
                           "recognised; add from");
}

void CheckHolding(Reader& reader, const Application& application) {
  std::string path = PathOf(application);
  if (application.profile == Profile::kAria) {
    if (application.machines.empty())
      reader.Warn(reader.PlaceOf(path),
                  application.name +
                      ": no machines are listed, so plans for unknown machines are not caught");
    return;
  }
  for (std::string_view key : {"machines", "unknown_machine", "machine_names", "patient_check",
                               "hold", "requirements", "quiet_for"}) {
    std::string written = path + "." + std::string(key);
    if (reader.Written(written))
      reader.Warn(reader.PlaceOf(written),
                  std::string(key) + " has no effect without profile: aria");
  }
}

// A plan is changed on its way: whoever asks for that names every change, and says that he means
// it.
void CheckMachineNames(Reader& reader, const Application& application) {
  const std::string path = PathOf(application);
  const std::string names = path + ".machine_names";
  const bool map = application.unknown_machine == UnknownMachine::kMap;
  if (!map && reader.Written(names))
    reader.Warn(reader.PlaceOf(names), "machine_names has no effect without unknown_machine: map");
  if (!map) return;
  const Positioned& place = reader.PlaceOf(path + ".unknown_machine");
  if (!application.clinical_edit)
    reader.Error(place,
                 "unknown_machine: map changes plans; add clinical_edit: true if that is "
                 "what you want");
  if (application.machine_names.empty() && !reader.Written(names))
    reader.Error(place, "unknown_machine: map needs machine_names");
  if (application.Retains())
    reader.Error(place,
                 "unknown_machine: map changes plans, so that no original of them is kept: it does "
                 "not go with storage_commitment: retained");
  if (application.machines.empty())
    reader.Error(place, "unknown_machine: map needs machines: without them none is unknown");
  for (const auto& [plans, ours] : application.machine_names) {
    if (std::ranges::find(application.machines, ours) == application.machines.end())
      reader.Error(reader.PlaceOf(names), "machine_names: " + ours + " is not one of machines");
    if (std::ranges::find(application.machines, plans) != application.machines.end())
      reader.Warn(reader.PlaceOf(names),
                  "machine_names: " + plans + " is one of machines, and stays as it is");
  }
}

void CheckCommitment(Reader& reader, const Application& application) {
  if (application.storage_commitment == StorageCommitment::kOff) return;
  const Positioned& place = reader.PlaceOf(PathOf(application) + ".storage_commitment");
  if (!application.address)
    reader.Error(place, "storage_commitment: " + application.name +
                            " has no address, so nothing is stored there by us, and nobody can "
                            "ask it what exists");
  if (application.mode == Mode::kObserve)
    reader.Warn(place, "storage_commitment has no effect with mode: observe: requests are relayed");
}

// Each is a destination that we reach, and that takes what comes at once.
void CheckMoveTo(Reader& reader, const Config& config, const Application& application) {
  std::vector<const Application*> before;
  for (size_t i = 0; i < application.move_to.size(); ++i) {
    const AeTitle& title = application.move_to[i];
    const Positioned& place =
        reader.PlaceOf(PathOf(application) + ".move_to[" + std::to_string(i) + "]");
    const Application* to = config.FindApplicationByCalledTitle(title);
    if (!to || !to->address)
      reader.Error(place, "move_to: " + Quoted(title) + " is no application with an address");
    else if (!to->move_to.empty())
      reader.Error(place, "move_to: " + to->name + " stands for others itself; name those");
    else if (to->profile == Profile::kAria && to->mode == Mode::kEnforce)
      reader.Error(place, "move_to: " + to->name +
                              " demands an order of injection, so what comes there may have to "
                              "wait; let it be moved to alone");
    else if (std::ranges::find(before, to) != before.end())
      reader.Error(place, "move_to: " + to->name + " stands here twice");
    before.push_back(to);
  }
}

void CheckMoves(Reader& reader, const Application& application) {
  std::string path = PathOf(application);
  if (application.pending_interval >= std::chrono::seconds(30))
    reader.Warn(reader.PlaceOf(path + ".pending_interval"),
                "pending_interval: clients give up a C-MOVE after 30s without a response");
  if (application.answer_within >= application.timeouts.move_response)
    reader.Warn(reader.PlaceOf(path + ".answer_within"),
                "answer_within is not below timeouts.move_response (" +
                    Write(application.timeouts.move_response) + ")");
}

void CheckClientTitles(Reader& reader, const Config& config, size_t index) {
  const Client& client = config.clients[index];
  for (size_t i = 0; i < client.ae_titles.size(); ++i) {
    const std::string& text = client.ae_titles[i];
    if (text.find_first_of("*?[") != text.npos) continue;
    AeTitle title = AeTitle::FromWire(text);
    const Positioned& place =
        reader.PlaceOf(PathOf(index) + ".ae_title[" + std::to_string(i) + "]");
    if (title == config.ae_title)
      reader.Error(place, "ae_title: " + Quoted(title) + " is our own; a client has another");
    const Application* application = config.FindApplicationByCalledTitle(title);
    if (application && client.Receives())
      reader.Error(place, "ae_title: " + Quoted(title) + " is a title of application " +
                              application->name +
                              "; a C-MOVE to it could mean either. Remove receives_on and address "
                              "here: the application has them");
  }
}

// Where `there` is, for who reads the file of `here`.
std::string LineOf(const Positioned& there, const Positioned& here) {
  const std::string line = "line " + std::to_string(there.line);
  return there.file == here.file ? line : there.file + " " + line;
}

// Clients are matched from top to bottom: one that an earlier one hides is a mistake.
void CheckHiddenClients(Reader& reader, const Config& config, size_t index) {
  const Client& client = config.clients[index];
  for (size_t before = 0; before < index; ++before) {
    const Client& other = config.clients[before];
    bool titles = std::ranges::all_of(client.ae_titles, [&](const std::string& text) {
      return std::ranges::find(other.ae_titles, text) != other.ae_titles.end();
    });
    bool ranges = std::ranges::all_of(client.from, [&](const Cidr& range) {
      return std::ranges::any_of(other.from, [&](const Cidr& r) { return r.Covers(range); });
    });
    if (!titles || !ranges || client.ae_titles.empty() || client.from.empty()) continue;
    reader.Warn(reader.PlaceOf(PathOf(index)),
                "this client never matches: the one in " +
                    LineOf(reader.PlaceOf(PathOf(before)), reader.PlaceOf(PathOf(index))) +
                    " takes its calls");
    return;
  }
}

void CheckClients(Reader& reader, const Config& config) {
  for (size_t i = 0; i < config.clients.size(); ++i) {
    CheckClientTitles(reader, config, i);
    CheckHiddenClients(reader, config, i);
    if (config.clients[i].receives_on != 0 && config.clients[i].address)
      reader.Error(reader.PlaceOf(PathOf(i) + ".address"),
                   "address: receives_on is given too; keep one of them");
  }
}

void CheckAdmin(Reader& reader, const Config& config) {
  const Admin& admin = config.admin;
  if (!admin.listen || IsLoopback(admin.listen->host) || !admin.token.empty()) return;
  if (reader.Written("admin.token") || reader.Written("admin.token_file")) return;  // said already
  reader.Warn(reader.PlaceOf("admin.listen"),
              "admin: without a token nothing is answered to other machines; add token_file");
}

void CheckPresence(Reader& reader, const Config& config) {
  if (config.applications.empty())
    reader.Warn(reader.PlaceOf("applications"), "no applications: there is nobody to call");
  if (config.clients.empty())
    reader.Warn(reader.PlaceOf("clients"), "no clients: every caller is rejected");
}

}  // namespace

void CheckConfig(Reader& reader, const Config& config) {
  CheckCalledTitles(reader, config);
  CheckMoveTitles(reader, config);
  CheckListeners(reader, config);
  for (const Application& application : config.applications) {
    CheckAddress(reader, config, application);
    CheckHolding(reader, application);
    CheckMachineNames(reader, application);
    CheckCommitment(reader, application);
    CheckMoveTo(reader, config, application);
    CheckMoves(reader, application);
  }
  CheckClients(reader, config);
  CheckAdmin(reader, config);
  CheckPresence(reader, config);
}

}  // namespace router::config
