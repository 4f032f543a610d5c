#include "router/explain.h"

#include <algorithm>

#include "router/base/text.h"
#include "router/explain_message.h"
#include "router/explain_paths.h"
#include "router/explain_words.h"
#include "router/session/admit.h"
#include "router/session/route.h"
#include "router/ul/pdu.h"
#include "router/ul/reject_reasons.h"

namespace router {
namespace {

std::unexpected<Error> CannotAsk(std::string why) {
  return Fail(Errc::kBadConfig, Blame::kInternal, std::move(why));
}

// An address from which this title may call: the first that the configuration has.
std::string UsualAddress(const config::Config& config, const AeTitle& calling) {
  for (const config::Client& client : config.clients)
    if (client.HasTitle(calling) && !client.from.empty()) return client.from[0].network().str();
  const config::Application* application = config.FindApplicationByCalledTitle(calling);
  if (application && !application->from.empty()) return application->from[0].network().str();
  return "127.0.0.1";
}

// "*:51402" where the configuration leaves open at which address.
std::string InWords(const config::Endpoint& listener) {
  return listener.host.empty() ? "*:" + std::to_string(listener.port) : listener.str();
}

Result<std::string> ListenerOf(const config::Config& config, const std::string& wanted) {
  if (wanted.empty()) return InWords(config.listen.front());
  std::vector<std::string> known;
  for (const config::Endpoint& listener : config.listen) {
    const std::string port = std::to_string(listener.port);
    if (wanted == port || wanted == listener.str()) return InWords(listener);
    if (listener.host.empty() && wanted.ends_with(":" + port)) return wanted;
    known.push_back(listener.host.empty() ? port : listener.str());
  }
  std::string all;
  for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
  return CannotAsk("--listener: there is no listener " + wanted + "; there are " + all);
}

class Caller {
 public:
  Caller(Explanation& explanation, WallTime now) : explanation_(explanation), now_(now) {}

  // The rules of its messages, or an error of what was asked.
  Result<session::Ruling> Admit() {
    const ExplainQuestion& question = explanation_.question;
    ExplainedCaller& caller = explanation_.caller;
    const config::Config& config = *explanation_.config;
    caller.from_assumed = question.from.empty();
    caller.from = caller.from_assumed ? UsualAddress(config, question.calling) : question.from;
    if (!config::IpAddress::Parse(caller.from))
      return CannotAsk("--from: " + Quoted(caller.from) + " is no numeric address");
    auto listener = ListenerOf(config, question.listener);
    if (!listener) return std::unexpected(listener.error());
    caller.listener = std::move(*listener);
    rules::Caller received;
    received.listener = caller.listener;
    received.address = caller.from;
    received.calling = question.calling.str();
    received.called = question.called.str();
    session::Route route = session::RouteFor(explanation_.config, std::move(received), now_);
    Take(session::Admit(config, {caller.from, question.calling, question.called, Uid()},
                        Uid(ul::kImplementationClassUid), route.routed));
    if (caller.as == ExplainedCaller::As::kClient) TakeRoute(route);
    return std::move(route.ruling);
  }

 private:
  void Take(const session::Admission& admission) {
    using As = ExplainedCaller::As;
    ExplainedCaller& caller = explanation_.caller;
    if (const auto* rejected = std::get_if<session::Rejected>(&admission)) {
      caller.as = As::kRejected;
      caller.answer = ul::Describe({rejected->result, rejected->source, rejected->reason});
      caller.why = rejected->for_log;
    } else if (const auto* client = std::get_if<session::AdmittedClient>(&admission)) {
      caller.as = As::kClient;
      caller.client = client->client;
      caller.application = client->application;
    } else if (const auto* echo = std::get_if<session::OwnEcho>(&admission)) {
      caller.as = As::kOwnEcho;
      caller.client = echo->client;
    } else {
      caller.as = As::kSubOperations;
      caller.application = std::get<session::SubOperations>(admission).application;
    }
  }

  void TakeRoute(const session::Route& route) {
    ExplainedCaller& caller = explanation_.caller;
    const AeTitle& calling = explanation_.question.calling;
    const AeTitle usual =
        explanation_.config->CallingTitle(*caller.application, caller.client, calling);
    caller.routed_by = route.routed_by;
    caller.calling = (route.calling.empty() ? usual : route.calling).str();
    caller.called = (route.called.empty() ? caller.application->ae_title : route.called).str();
    const rules::Decisions& decided = route.ruling.decisions();
    if (decided.calling) caller.calling_by = route.ruling.Describe(decided.calling.by);
    if (decided.called) caller.called_by = route.ruling.Describe(decided.called.by);
  }

  Explanation& explanation_;
  const WallTime now_;
};

// Those of the files that were named, one after another.
class Files {
 public:
  Files(Explanation& explanation, MessageExplainer& explainer)
      : explanation_(explanation), explainer_(explainer) {}

  Result<> Explain(const std::string& path) {
    if (!IsFolder(path)) return ExplainFile(path, false);
    auto files = FilesBelow(path);
    if (!files) return std::unexpected(files.error());
    Explanation::Folder folder{path, {}};
    for (const std::string& file : *files) {
      const size_t before = explanation_.messages.size();
      auto explained = ExplainFile(file, true);
      if (!explained) return explained;
      if (explanation_.messages.size() > before) folder.messages.push_back(before);
    }
    explanation_.folders.push_back(std::move(folder));
    return {};
  }

 private:
  Result<> ExplainFile(const std::string& path, bool may_be_other) {
    auto instance = ReadInstance(path);
    if (!instance && may_be_other && instance.error().code == Errc::kCorrupt) {
      explanation_.skipped.emplace_back(path, instance.error().detail);
      return {};
    }
    if (!instance) {
      Error why = instance.error();
      if (why.detail.find(path) == std::string::npos) why.detail = path + ": " + why.detail;
      return std::unexpected(std::move(why));
    }
    auto message = explainer_.Explain(&*instance);
    if (!message) return std::unexpected(message.error());
    explanation_.messages.push_back(std::move(*message));
    return {};
  }

  Explanation& explanation_;
  MessageExplainer& explainer_;
};

}  // namespace

bool Explanation::IsOfFolder(size_t message) const {
  return std::ranges::any_of(folders, [message](const Folder& folder) {
    return std::ranges::find(folder.messages, message) != folder.messages.end();
  });
}

Result<Explanation> Explain(std::shared_ptr<const config::Config> config, ExplainQuestion question,
                            WallTime now) {
  Explanation explanation;
  explanation.config = std::move(config);
  explanation.question = std::move(question);
  auto ruling = Caller(explanation, now).Admit();
  if (!ruling) return std::unexpected(ruling.error());
  MessageExplainer explainer(explanation, *ruling, now);
  const std::vector<std::string>& paths = explanation.question.paths;
  const bool rejected = explanation.caller.as == ExplainedCaller::As::kRejected;
  if (paths.empty() && !rejected) {
    auto message = explainer.Explain(nullptr);
    if (!message) return std::unexpected(message.error());
    explanation.messages.push_back(std::move(*message));
  }
  Files files(explanation, explainer);
  for (const std::string& path : paths) {
    if (rejected) break;  // it has no messages
    auto explained = files.Explain(path);
    if (!explained) return std::unexpected(explained.error());
  }
  if (explanation.messages.size() > 1) explanation.release_order = ReleaseOrder(explanation);
  return explanation;
}

}  // namespace router
