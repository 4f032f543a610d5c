#include "router/admin/client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <thread>

#include "router/admin/table.h"
#include "router/base/text.h"

namespace router::admin {
namespace {

constexpr std::chrono::milliseconds kLookAgain{300};  // how far `leave` is
constexpr int kWithin = 10;  // seconds to connect, to send and to wait for the answer

// One Sluice, asked one thing at a time.
class Remote {
 public:
  static Result<Remote> Open(const ClientOptions& options) {
    auto token = TokenOf(options);
    if (!token) return std::unexpected(token.error());
    if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
      return Fail(
          Errc::kBadConfig, Blame::kDownstream,
          "--url " + options.url + " is no http:// or https:// URL; the default is " + kDefaultUrl);
    }
    return Remote(options.url, *token);
  }

  Result<std::string> Get(const std::string& path) { return Ask("GET", path, ""); }
  Result<std::string> Post(const std::string& path, const std::string& body) {
    return Ask("POST", path, body);
  }
  // As an object; anything else is no answer of Sluice's.
  Result<Json> GetJson(const std::string& path) { return Parsed(Get(path)); }
  Result<Json> PostJson(const std::string& path, const Json& body) {
    return Parsed(Post(path, body.dump()));
  }

  // Health tells "no" by 503, with the reasons in the body.
  Result<Json> Ready() {
    accept_503_ = true;
    auto answer = GetJson("/readyz");
    accept_503_ = false;
    return answer;
  }

 private:
  Remote(std::string url, std::string token) : url_(std::move(url)), token_(std::move(token)) {
    while (url_.ends_with('/')) url_.pop_back();
  }

  Result<std::string> Ask(const std::string& method, const std::string& path,
                          const std::string& body) {
    try {
      httplib::Client client(url_);
      client.set_connection_timeout(kWithin);
      client.set_read_timeout(kWithin);
      client.set_write_timeout(kWithin);
      httplib::Headers headers;
      if (!token_.empty()) headers.emplace("Authorization", "Bearer " + token_);
      auto answer = method == "GET" ? client.Get(path, headers)
                                    : client.Post(path, headers, body, "application/json");
      if (!answer) {
        return Fail(Errc::kConnect, Blame::kUpstream,
                    "no answer from " + url_ + " (" + httplib::to_string(answer.error()) +
                        "): is Sluice running (systemctl status sluice), and is that the address "
                        "of admin: listen in its configuration?");
      }
      if (answer->status == 200 || (accept_503_ && answer->status == 503)) return answer->body;
      return Fail(Errc::kRefused, Blame::kUpstream, ErrorOf(*answer));
    } catch (const std::exception& e) {
      return Fail(Errc::kConnect, Blame::kDownstream, "cannot ask " + url_ + ": " + e.what());
    }
  }

  static std::string ErrorOf(const httplib::Response& answer) {
    Json json = Json::parse(answer.body, nullptr, false);
    if (json.is_object() && json.contains("error") && json["error"].is_string()) {
      return json["error"].get<std::string>();
    }
    return fmt::format("HTTP status {} without an explanation; is this Sluice?", answer.status);
  }

  Result<Json> Parsed(Result<std::string> text) {
    if (!text) return std::unexpected(text.error());
    Json json = Json::parse(*text, nullptr, false);
    if (json.is_object()) return json;
    return Fail(Errc::kCorrupt, Blame::kUpstream, url_ + " answers, but is no Sluice");
  }

  std::string url_, token_;
  bool accept_503_ = false;
};

int Failed(std::ostream& err, const Error& error) {
  err << "sluice: " << error.detail << "\n";
  return 1;
}

// All pages as one.
Result<Json> AllHeld(Remote& remote) {
  Json all = Json::array();
  std::string path = "/api/v1/held";
  for (;;) {
    auto page = remote.GetJson(path);
    if (!page) return std::unexpected(page.error());
    auto held = page->find("held");
    if (held == page->end() || !held->is_array()) {
      return Fail(Errc::kCorrupt, Blame::kUpstream, "the answer has no list of what is held");
    }
    for (Json& one : *held) all.push_back(std::move(one));
    auto next = page->find("next");
    if (next == page->end() || !next->is_number_integer()) return all;
    path = fmt::format("/api/v1/held?after={}", next->get<int64_t>());
  }
}

std::string Escaped(std::string_view uid) {
  std::string text;
  for (char c : uid) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_') {
      text += c;
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

size_t SizeOf(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_array() ? found->size() : 0;
}

Result<Json> StatusOf(Remote& remote) {
  Json status;
  auto ready = remote.Ready();
  if (!ready) return ready;
  status["ready"] = ready->value("ready", false);
  status["reasons"] = ready->contains("reasons") ? (*ready)["reasons"] : Json::array();
  for (const char* what : {"destinations", "associations", "moves"}) {
    auto list = remote.GetJson(fmt::format("/api/v1/{}", what));
    if (!list) return list;
    status[what] = list->contains(what) ? (*list)[what] : Json::array();
  }
  auto leave = remote.GetJson("/api/v1/leave");
  if (!leave) return leave;
  status["leave"] = std::move(*leave);
  auto owed = remote.GetJson("/api/v1/commitments");
  if (!owed) return owed;
  status["commitments"] = std::move(*owed);
  return status;
}

int64_t NumberOf(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// A line about `sluice leave`, if it was ever begun: since then nothing is held.
std::string LeaveLine(const Json& leave) {
  const std::string state = leave.value("state", "none"), to = leave.value("directory", "");
  std::string said = "sluice leave, begun ";
  if (auto since = leave.find("since"); since != leave.end() && since->is_string())
    said += since->get<std::string>();
  if (state == "sending") {
    said += fmt::format(": sends what is due ({} left), then writes the rest to {}",
                        NumberOf(leave, "queued"), to);
  } else if (state == "writing") {
    said += ": writes what is not upstream to " + to;
  } else if (state == "done") {
    said += fmt::format(": {} instances that are not upstream were written to {}",
                        NumberOf(leave, "written"), to);
  } else if (state == "failed") {
    said += " failed: " + leave.value("error", "the log says why");
  } else {
    return "";
  }
  return said + "; nothing more is held until Sluice is restarted\n";
}

// Asks again and again until it is done, or has failed; each new state is told.
Result<Json> AwaitLeave(Remote& remote, Json status, std::ostream* out) {
  std::string told;
  for (;;) {
    const std::string state = status.value("state", "");
    if (out && state != told) {
      if (state == "sending") *out << "nothing more is held; waiting for what is due to be sent\n";
      if (state == "writing") *out << "writing what is left\n";
      out->flush();
    }
    told = state;
    if (state != "sending" && state != "writing") return status;
    std::this_thread::sleep_for(kLookAgain);
    auto next = remote.GetJson("/api/v1/leave");
    if (!next) return next;
    status = std::move(*next);
  }
}

void TellLeft(const Json& status, std::ostream& out) {
  const std::string to = status.value("directory", "");
  out << fmt::format("{} acknowledged instances are not known to be upstream; {} written to {}\n",
                     NumberOf(status, "not_upstream"), NumberOf(status, "written"), to);
  out << fmt::format("  of these {} quarantined, {} perhaps there already\n",
                     NumberOf(status, "quarantined"), NumberOf(status, "maybe_there"));
  if (auto scripts = status.find("scripts"); scripts != status.end() && scripts->is_array()) {
    for (const Json& script : *scripts)
      if (script.is_string())
        out << "  send them with: sh " << to << "/" << script.get<std::string>() << "\n";
  }
  out << "Sluice goes on relaying, and sends what it still has when that becomes ready\n";
}

}  // namespace

Result<std::string> TokenOf(const ClientOptions& options) {
  if (!options.token.empty()) return options.token;
  if (options.token_file.empty()) {
    const char* token = std::getenv("SLUICE_TOKEN");
    return std::string(TrimSpaces(token == nullptr ? "" : token));
  }
  std::ifstream file(options.token_file);
  std::string line;
  if (!std::getline(file, line)) {
    return Fail(Errc::kDisk, Blame::kDownstream,
                "cannot read a token from " + options.token_file +
                    "; it is the first line of the file that admin: token_file names");
  }
  if (line.ends_with('\r')) line.pop_back();
  return std::string(TrimSpaces(line));
}

int RunHeld(const ClientOptions& options, std::ostream& out, std::ostream& err,
            const Clock& clock) {
  auto remote = Remote::Open(options);
  if (!remote) return Failed(err, remote.error());
  auto held = AllHeld(*remote);
  if (!held) return Failed(err, held.error());
  if (options.json) {
    out << Dump({{"held", std::move(*held)}});
  } else {
    out << HeldTable(*held, clock.WallNow());
  }
  return 0;
}

int RunStatus(const ClientOptions& options, std::ostream& out, std::ostream& err) {
  auto remote = Remote::Open(options);
  if (!remote) return Failed(err, remote.error());
  auto status = StatusOf(*remote);
  if (!status) return Failed(err, status.error());
  if (options.json) {
    out << Dump(*status);
    return 0;
  }
  out << ((*status)["ready"] == true ? "ready\n" : "not ready\n");
  for (const Json& reason : (*status)["reasons"]) {
    if (reason.is_string()) out << "  " << reason.get<std::string>() << "\n";
  }
  out << LeaveLine((*status)["leave"]);
  const auto running = std::ranges::count_if(
      (*status)["moves"], [](const Json& move) { return move.value("state", "") != "ended"; });
  out << fmt::format("{} associations, {} moves in progress\n", SizeOf(*status, "associations"),
                     running);
  out << CommitmentLine((*status)["commitments"]) << "\n";
  out << DestinationTable((*status)["destinations"]);
  return 0;
}

int RunObserveReport(const ClientOptions& options, std::ostream& out, std::ostream& err) {
  auto remote = Remote::Open(options);
  if (!remote) return Failed(err, remote.error());
  auto answer = remote->GetJson("/api/v1/observe");
  if (!answer) return Failed(err, answer.error());
  out << (options.json ? Dump(*answer)
                       : ObservedTable(answer->contains("observed") ? (*answer)["observed"]
                                                                    : Json::array()));
  return 0;
}

int RunAct(const ClientOptions& options, HeldAction action, const ActOn& on, std::ostream& out,
           std::ostream& err) {
  auto remote = Remote::Open(options);
  if (!remote) return Failed(err, remote.error());
  Json body = Json::object();
  if (!on.reason.empty()) body["reason"] = on.reason;
  if (!on.application.empty()) body["application"] = on.application;
  auto answer = remote->PostJson(
      fmt::format("/api/v1/held/{}/{}", Escaped(on.sop_instance_uid), NameOf(action)), body);
  if (!answer) return Failed(err, answer.error());
  if (options.json) {
    out << Dump(*answer);
  } else {
    out << fmt::format("{}: {} for {}\n", on.sop_instance_uid, answer->value("state", "done"),
                       answer->value("application", "its application"));
  }
  return 0;
}

int RunLeave(const ClientOptions& options, const std::string& to, std::ostream& out,
             std::ostream& err) {
  auto remote = Remote::Open(options);
  if (!remote) return Failed(err, remote.error());
  std::error_code error;
  Json body = {{"to", std::filesystem::absolute(to, error).lexically_normal().string()}};
  auto begun = remote->PostJson("/api/v1/leave", body);
  if (!begun) return Failed(err, begun.error());
  auto left = AwaitLeave(*remote, std::move(*begun), options.json ? nullptr : &out);
  if (!left) return Failed(err, left.error());
  if (left->value("state", "") != "done") {
    err << "sluice: leaving failed: " << left->value("error", "the log says why") << "\n";
    return 1;
  }
  if (options.json) {
    out << Dump(*left);
  } else {
    TellLeft(*left, out);
  }
  const int64_t damaged = NumberOf(*left, "damaged"), lost = NumberOf(*left, "lost");
  if (damaged + lost == 0) return 0;
  err << fmt::format(
      "sluice: {} files are not what was received, {} are missing: manifest.csv says which; "
      "export those again from their source\n",
      damaged, lost);
  return 1;
}

int RunCommand(const ClientOptions& options, Command command, std::ostream& out,
               std::ostream& err) {
  auto remote = Remote::Open(options);
  if (!remote) return Failed(err, remote.error());
  auto answer = remote->PostJson(fmt::format("/api/v1/{}", NameOf(command)), Json::object());
  if (!answer) return Failed(err, answer.error());
  out << (options.json ? Dump(*answer) : answer->value("done", "done") + "\n");
  return 0;
}

}  // namespace router::admin
