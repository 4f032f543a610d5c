// sluice_faulty_peer: a stand-in for VMSDBD whose faults a test turns on while it runs.
// Blocking, a thread per association, on DCMTK's dcmnet: nothing of it is shared with Sluice.
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/oflog/oflog.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "tests/peers/faulty/control.h"
#include "tests/peers/faulty/listener.h"

namespace faulty {
namespace {

using nlohmann::json;

Listener* running = nullptr;

void OnSignal(int) {
  if (running) running->Stop();
}

int Load(Archive& archive, const std::string& directory) {
  int loaded = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    auto instance = ReadInstance(entry.path());
    if (!instance) continue;
    archive.Add(std::move(*instance), /*settled=*/true);
    ++loaded;
  }
  return loaded;
}

// Takes up where an earlier run ended: what it stored is there, committed, and new files and places
// follow its own.
void Reload(Peer& peer) {
  std::map<int, std::filesystem::path> by_number;  // a UID may come twice: the later stays
  for (const auto& entry : std::filesystem::directory_iterator(peer.directory)) {
    by_number[std::atoi(entry.path().stem().c_str())] = entry.path();
  }
  for (const auto& [number, path] : by_number) {
    if (auto one = ReadInstance(path)) peer.archive.Add(std::move(*one), /*settled=*/true);
    peer.last_file = number;
  }
  peer.archive.ContinueAfter(static_cast<uint64_t>(peer.last_file));
}

json Fault(const std::string& what) { return {{"ok", false}, {"error", what}}; }

json Command(Peer& peer, Listener& listener, const json& command) {
  if (command.contains("set")) {
    if (auto fault = peer.switches.Set(command["set"])) return Fault(*fault);
    listener.Refresh();
  } else if (command.contains("clear")) {
    peer.switches.Clear();
    listener.Refresh();
  } else if (command.contains("switches")) {
    return {{"ok", true}, {"switches", peer.switches.All()}};
  } else if (command.contains("reset")) {
    return {{"ok", true}, {"associations", peer.connections.EndAll(Fate::kReset)}};
  } else if (command.contains("abort")) {
    return {{"ok", true}, {"associations", peer.connections.EndAll(Fate::kAborted)}};
  } else if (command.contains("load")) {
    return {{"ok", true}, {"loaded", Load(peer.archive, command["load"])}};
  } else if (command.contains("forget")) {
    return {{"ok", peer.archive.Forget(command["forget"])}};
  } else if (command.contains("state")) {
    return {{"ok", true},
            {"associations", peer.open.load()},
            {"instances", peer.archive.size()},
            {"visible", peer.archive.visible()}};
  } else {
    return Fault("no such command");
  }
  return {{"ok", true}};
}

json Answer(Peer& peer, Listener& listener, const json& command) {
  try {
    return Command(peer, listener, command);
  } catch (const std::exception& fault) {  // a value of the wrong type, a directory that is not
    return Fault(fault.what());
  }
}

void Prepare() {
  setenv("TCP_NODELAY", "1", /*replace=*/0);
  std::signal(SIGPIPE, SIG_IGN);
  OFLog::configure(OFLogger::WARN_LOG_LEVEL);
  dcmSocketReceiveTimeout.set(-1);  // an idle association stays open
  dcmDisableGethostbyaddr.set(OFTrue);
  dcmDataDict.isDictionaryLoaded();  // before there are threads
}

}  // namespace
}  // namespace faulty

int main(int argc, char** argv) {
  using namespace faulty;
  CLI::App app("A stand-in for VMSDBD with switches for its faults");
  int port = 0;
  std::string ae_title = "VMSDBD", directory, journal_path, control_path;
  std::string first_switches = "{}";
  bool reload = false;
  long max_pdu = ASC_DEFAULTMAXPDU;
  app.add_option("--port", port, "0: any, printed when ready");
  app.add_option("--aet", ae_title, "our own title, also as calling title of sub-operations");
  app.add_option("--directory", directory, "where instances are stored")->required();
  app.add_option("--journal", journal_path, "JSON lines of what happened")->required();
  app.add_option("--control", control_path, "UNIX socket of the switches")->required();
  app.add_option("--max-pdu", max_pdu, "that we say we receive")
      ->check(CLI::Range(ASC_MINIMUMPDUSIZE, ASC_MAXIMUMPDUSIZE));
  app.add_option("--set", first_switches, "switches to begin with, JSON");
  app.add_flag("--reload", reload, "hold what an earlier run left in the directory");
  CLI11_PARSE(app, argc, argv);
  Prepare();
  std::filesystem::create_directories(directory);

  Switches switches;
  if (auto fault = switches.Set(json::parse(first_switches, nullptr, /*allow_exceptions=*/false))) {
    std::fprintf(stderr, "--set: %s\n", fault->c_str());
    return 1;
  }
  Journal journal(journal_path);
  Archive archive(switches);
  Connections connections(switches, journal);
  Peer peer{ae_title, directory, max_pdu, switches, journal, archive, connections};
  if (reload) Reload(peer);
  {
    Listener listener(peer, port);
    running = &listener;
    std::signal(SIGTERM, OnSignal);
    std::signal(SIGINT, OnSignal);
    Control control(control_path,
                    [&](const json& command) { return Answer(peer, listener, command); });
    json ready = {{"ready", true}, {"port", listener.port()}, {"control", control_path}};
    std::printf("%s\n", ready.dump().c_str());
    std::fflush(stdout);
    listener.Run();
    running = nullptr;
  }
  return 0;
}
