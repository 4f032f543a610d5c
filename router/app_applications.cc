#include "router/app.h"

namespace router {
namespace {

constexpr std::chrono::seconds kOracleWaits{10};  // for an association slot

// Questions go over associations of the destination's, which keeps a slot for that.
hold::Connect ConnectThrough(delivery::Destination* destination) {
  return [destination](std::vector<ul::ProposedContext> contexts) {
    return [](delivery::Destination* to,
              std::vector<ul::ProposedContext> proposed) -> net::Task<Result<hold::Line>> {
      auto leg =
          co_await to->Connect(std::move(proposed), delivery::Purpose::kReserved, kOracleWaits);
      if (!leg) co_return std::unexpected(leg.error());
      hold::Line line;
      line.scu = std::move(leg->scu);
      auto slot = std::make_shared<delivery::Slot>(std::move(leg->slot));
      line.is_wanted = [slot] { return slot->IsWanted(); };
      line.right = std::move(slot);
      co_return std::move(line);
    }(destination, std::move(contexts));
  };
}

hold::Whereabouts WhereaboutsOf(const store::Instance& instance) {
  return {instance.kind, instance.series, instance.study, Uid()};
}

}  // namespace

// One home loop for each application; its destination and its gate know each other only by what is
// wired here.
void App::BuildApplications() {
  size_t next = 0;
  for (const config::Application& application : config_->applications) {
    net::Loop& home = *loops_[next++ % loops_.size()];
    auto runtime = std::make_unique<session::ApplicationRuntime>();
    runtime->name = application.name;
    runtime->home = &home;
    if (application.address) {
      delivery::Hooks hooks;
      // Filled in below: the gate asks through the destination.
      auto gate = std::make_shared<hold::Gate*>(nullptr);
      const bool watched = Holds(application) || Observes(application) || application.Retains() ||
                           leftovers_.contains(application.name);
      session::ApplicationRuntime* of = runtime.get();
      hooks.on_stored = [gate, of](const store::Instance& one) {
        if (*gate) (*gate)->Stored(one.sop_instance, store::How::kStatus, WhereaboutsOf(one));
        if (of->commitments) of->commitments->Wake();
      };
      if (watched) {
        hooks.on_known = [gate](const store::Instance& one) {
          (*gate)->Known(one.sop_instance, WhereaboutsOf(one));
        };
        hooks.on_at_once = [gate](const Uid& uid) { (*gate)->AtOnce(uid); };
        hooks.on_at_once_ended = [gate](const Uid& uid) { (*gate)->AtOnceEnded(uid); };
        hooks.on_verifying = hooks.on_waiting = [gate] { (*gate)->Wake(); };
      }
      destinations_.push_back(std::make_unique<delivery::Destination>(
          delivery::Services{home, *disk_, *cpu_, *ledger_, *spool_, registry_, clock_}, config_,
          application.name, std::move(hooks)));
      runtime->destination = destinations_.back().get();
      if (watched) {
        auto& built = gates_[application.name];
        built = BuildGate(application, home, runtime->destination);
        *gate = built.get();
        runtime->watcher = built.get();
        if (Holds(application)) runtime->gate = built.get();
        if (Observes(application)) runtime->observer = built.get();
      }
      auto& commitments = commitments_[application.name];
      commitments = std::make_unique<session::Commitments>(*services_, ledger_->commitments(), home,
                                                           config_, application.name,
                                                           ConnectThrough(runtime->destination));
      runtime->commitments = commitments.get();
    }
    services_->applications.emplace(application.name, std::move(runtime));
  }
  // On the ledger's thread: what is told is for the home loop, which alone knows whether there
  // still is a destination.
  ledger_->OnReady([this](const std::string& application) {
    auto found = services_->applications.find(application);
    if (found == services_->applications.end()) return;
    session::ApplicationRuntime* runtime = found->second.get();
    runtime->home->Post([runtime] {
      if (runtime->destination) runtime->destination->Wake();
    });
  });
}

std::unique_ptr<hold::Gate> App::BuildGate(const config::Application& application, net::Loop& home,
                                           delivery::Destination* destination) {
  return std::make_unique<hold::Gate>(hold::Services{home, *cpu_, *ledger_, registry_, clock_},
                                      config_, application.name, ConnectThrough(destination));
}

}  // namespace router
