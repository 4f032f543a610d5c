#include "router/admin/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "router/admin/page.h"
#include "router/admin/wish.h"
#include "router/base/log.h"

namespace router::admin {
namespace {

constexpr std::string_view kHeld = "/api/v1/held", kInstances = "/api/v1/instances/";
constexpr std::string_view kLeave = "/api/v1/leave";
constexpr int kMissingListed = 500;  // UIDs of one instance; /held/{uid} lists them all

int HttpStatusOf(Errc code) {
  switch (code) {
    case Errc::kNotFound:
      return 404;
    case Errc::kRefused:
    case Errc::kBadConfig:
      return 409;
    case Errc::kTimeout:
    case Errc::kLimit:
    case Errc::kInterrupted:
      return 503;
    default:
      return 500;
  }
}

Answer Failed(const Error& error) {
  int status = HttpStatusOf(error.code);
  std::string text = error.detail;
  if (error.code == Errc::kTimeout && text.empty()) {
    text = "no answer within a second: Sluice is busy or ending; try again";
  }
  return Refusal(status, text.empty() ? "this failed; the log says more" : text);
}

Answer Json200(const Json& json) { return {200, Dump(json)}; }

template <class T, class Render>
Answer List(std::string_view key, const Result<std::vector<T>>& items, Render render) {
  if (!items) return Failed(items.error());
  Json list = Json::array();
  for (const T& item : *items) list.push_back(render(item));
  Json json;
  json[std::string(key)] = std::move(list);
  return Json200(json);
}

Answer NoSuchPath(const Ask& ask) {
  return Refusal(
      404,
      "there is no " + ask.path +
          " here; there are /, /healthz, /readyz, /metrics and, under /api/v1/, "
          "held, instances/UID, destinations, associations, moves, commitments, config, store, "
          "observe, leave");
}

// The UID in a path is never believed to be one: it only looks rows up.
bool IsSpelledLikeUid(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != '/'; });
}

}  // namespace

std::string_view NameOf(HeldAction action) {
  constexpr std::array<std::string_view, 3> kNames = {"release", "retry", "discard"};
  return kNames[static_cast<size_t>(action)];
}

std::string_view NameOf(Command command) {
  constexpr std::array<std::string_view, 2> kNames = {"reload", "drain"};
  return kNames[static_cast<size_t>(command)];
}

Answer Refusal(int status, std::string_view what) { return {status, Dump({{"error", what}})}; }

Answer Api::Handle(const Ask& ask) {
  if (ask.method == "GET" || ask.method == "HEAD") return Get(ask);
  if (ask.method == "POST" && !only_metrics_) return Post(ask);
  return Refusal(405, ask.method + " is not answered here; GET reads, POST changes");
}

Answer Api::Get(const Ask& ask) {
  const std::string& path = ask.path;
  if (path == "/healthz") return Json200({{"alive", true}});
  if (path == "/readyz") return Ready(ask);
  if (path == "/metrics" && only_metrics_) {
    return {200, source_.Metrics(), "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (only_metrics_) return Refusal(404, "only /metrics, /healthz and /readyz are answered here");
  if (path == "/") return {200, std::string(Page()), "text/html; charset=utf-8"};

  if (auto why = access_.WhyNotRead(ask.caller); !why.empty()) return Refusal(401, why);
  if (path == "/metrics") {
    return {200, source_.Metrics(), "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (path == kHeld) return Held(ask);
  if (path.starts_with(std::string(kHeld) + "/")) return HeldOne(Uid(path.substr(13)));
  if (path.starts_with(kInstances)) return Instance(Uid(path.substr(kInstances.size())));
  if (path == "/api/v1/destinations") {
    return List("destinations", source_.Destinations(), DestinationJson);
  }
  if (path == "/api/v1/associations") {
    return List("associations", source_.Associations(), AssociationJson);
  }
  if (path == "/api/v1/moves") return List("moves", source_.Moves(), MoveJson);
  if (path == "/api/v1/commitments") {
    auto commitments = source_.Commitments();
    return commitments ? Json200(CommitmentsJson(*commitments)) : Failed(commitments.error());
  }
  if (path == "/api/v1/config") {
    auto config = source_.Config();
    return config ? Json200(*config) : Failed(config.error());
  }
  if (path == "/api/v1/observe") return List("observed", source_.Observed(), ObservedJson);
  if (path == "/api/v1/store") {
    auto store = source_.Store();
    return store ? Json200(StoreJson(*store)) : Failed(store.error());
  }
  if (path == kLeave) {
    auto leaving = source_.Leaving();
    return leaving ? Json200(LeaveJson(*leaving)) : Failed(leaving.error());
  }
  return NoSuchPath(ask);
}

Answer Api::Post(const Ask& ask) {
  if (auto why = access_.WhyNotChange(ask.caller); !why.empty()) return Refusal(401, why);
  for (Command command : {Command::kReload, Command::kDrain}) {
    if (ask.path == fmt::format("/api/v1/{}", NameOf(command))) return Run(ask, command);
  }
  if (ask.path == kLeave) return Leave(ask);
  std::string prefix = std::string(kHeld) + "/";
  for (HeldAction action : {HeldAction::kRelease, HeldAction::kRetry, HeldAction::kDiscard}) {
    std::string suffix = fmt::format("/{}", NameOf(action));
    if (ask.path.size() <= prefix.size() + suffix.size()) continue;
    if (!ask.path.starts_with(prefix) || !ask.path.ends_with(suffix)) continue;
    std::string uid =
        ask.path.substr(prefix.size(), ask.path.size() - prefix.size() - suffix.size());
    return ActOnHeld(ask, Uid(uid), action);
  }
  return Refusal(404, "nothing can be changed at " + ask.path +
                          "; there are held/UID/release, retry, discard, and reload, drain, leave, "
                          "all under /api/v1/");
}

Answer Api::Ready(const Ask& ask) {
  Readiness readiness = source_.Ready();
  Json json = {{"ready", readiness.ready}};
  bool may_read = access_.WhyNotRead(ask.caller).empty();
  json["reasons"] = may_read ? Json(readiness.reasons) : Json::array();
  return {readiness.ready ? 200 : 503, Dump(json)};
}

Answer Api::Held(const Ask& ask) {
  auto filter = FilterOf(ask.query);
  if (!filter) return Refusal(400, filter.error().detail);
  auto rows = source_.Held(*filter);
  if (!rows) return Failed(rows.error());
  Json list = Json::array();
  const AtDeadline then = [this](const std::string& of) { return source_.AtDeadline(of); };
  for (const store::HeldRow& held : *rows) list.push_back(HeldJson(held, then));
  Json json = {{"held", std::move(list)}};
  if (static_cast<int>(rows->size()) == filter->limit) json["next"] = rows->back().row.id;
  return Json200(json);
}

Answer Api::HeldOne(const Uid& uid) {
  if (!IsSpelledLikeUid(uid.view()))
    return Refusal(400, "this is no UID; `sluice held` lists those that are held");
  auto rows = source_.ByUid(uid);
  if (!rows) return Failed(rows.error());
  if (rows->empty()) return Refusal(404, uid.str() + " was never held here");
  Json list = Json::array();
  const AtDeadline then = [this](const std::string& of) { return source_.AtDeadline(of); };
  for (store::HeldRow& held : *rows) {
    auto history = source_.History(held.row.id);
    if (!history) return Failed(history.error());
    while (static_cast<int>(held.missing.size()) < held.row.missing) {
      auto more = source_.Missing(held.row.id, static_cast<int>(held.missing.size()));
      if (!more) return Failed(more.error());
      if (more->empty()) break;  // some appeared meanwhile
      held.missing.insert(held.missing.end(), more->begin(), more->end());
    }
    list.push_back(RowJson(held, *history, then));
  }
  return Json200({{"held", std::move(list)}});
}

Answer Api::Instance(const Uid& uid) {
  if (!IsSpelledLikeUid(uid.view())) return Refusal(400, "this is no UID");
  auto rows = source_.ByUid(uid);
  if (!rows) return Failed(rows.error());
  auto known = source_.Known(uid);
  if (!known) return Failed(known.error());
  const InstanceFacts facts{std::move(*rows), std::move(*known), source_.Refused(uid)};
  return Json200(
      InstanceJson(uid, facts, [this](const std::string& of) { return source_.AtDeadline(of); }));
}

Answer Api::ActOnHeld(const Ask& ask, const Uid& uid, HeldAction action) {
  if (!IsSpelledLikeUid(uid.view()))
    return Refusal(400, "this is no UID; `sluice held` lists those that are held");
  auto wish = WishOf(ask.body);
  if (!wish) return Refusal(400, wish.error().detail);
  if (action == HeldAction::kDiscard && wish->reason.empty()) {
    return Refusal(400, "discarding needs a reason: --reason TEXT, or {\"reason\": \"...\"}");
  }
  auto rows = source_.ByUid(uid);
  if (!rows) return Failed(rows.error());
  auto row = Choose(*rows, uid, *wish);
  if (!row) return Failed(row.error());
  if (auto fits = MustFit(action, *row); !fits) return Failed(fits.error());

  std::string by = "operator at " + ask.caller.address;
  auto state = source_.Act(action, row->id, wish->reason, by);
  log::Info("operator acts on a held instance",
            {{"action", NameOf(action)},
             {"sop_instance_uid", uid.view()},
             {"application", row->instance.application},
             {"row", row->id},
             {"by", by},
             {"outcome", state ? NameOf(*state) : state.error().detail}});
  if (!state) return Failed(state.error());
  return Json200({{"sop_instance_uid", uid.str()},
                  {"application", row->instance.application},
                  {"row", row->id},
                  {"state", NameOf(*state)}});
}

Answer Api::Run(const Ask& ask, Command command) {
  std::string by = "operator at " + ask.caller.address;
  auto done = source_.Do(command, by);
  log::Info(
      "operator commands",
      {{"command", NameOf(command)}, {"by", by}, {"outcome", done ? *done : done.error().detail}});
  return done ? Json200({{"done", *done}}) : Failed(done.error());
}

// Begins; how it goes on is told by GET.
Answer Api::Leave(const Ask& ask) {
  Json body = Json::parse(ask.body, nullptr, false);
  if (!body.is_object() || body.size() != 1 || !body.contains("to") || !body["to"].is_string()) {
    return Refusal(400,
                   "leaving needs an empty directory to write to, and nothing else: --to DIR, "
                   "or {\"to\": \"/absolute/path\"}");
  }
  const std::string to = body["to"].get<std::string>();
  if (std::ranges::any_of(to, [](unsigned char c) { return c < ' ' || c == 127; })) {
    return Refusal(400, "the directory has characters in its name that none should have");
  }
  std::string by = "operator at " + ask.caller.address;
  auto begun = source_.Leave(to, by);
  log::Info("operator commands", {{"command", "leave"},
                                  {"to", to},
                                  {"by", by},
                                  {"outcome", begun ? begun->state : begun.error().detail}});
  return begun ? Json200(LeaveJson(*begun)) : Failed(begun.error());
}

namespace {

template <class Number>
bool ParseNumber(const std::string& text, Number least, Number most, Number& into) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size() && into >= least && into <= most;
}

std::optional<Kind> KindNamed(std::string_view name) {
  for (size_t i = 0; i < kKinds; ++i) {
    if (NameOf(static_cast<Kind>(i)) == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::optional<std::vector<store::State>> StatesNamed(std::string_view names) {
  std::vector<store::State> states;
  if (names == "all") names = "waiting,ready,sending,verifying,quarantined";
  while (!names.empty()) {
    std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    size_t i = 0;
    while (i < store::kStates && NameOf(static_cast<store::State>(i)) != name) ++i;
    if (i == store::kStates) return std::nullopt;
    states.push_back(static_cast<store::State>(i));
  }
  if (states.empty()) return std::nullopt;
  return states;
}

}  // namespace

Result<store::HeldFilter> FilterOf(const std::map<std::string, std::string>& query) {
  auto bad = [](std::string text) {
    return Fail(Errc::kRefused, Blame::kDownstream, std::move(text));
  };
  store::HeldFilter filter;
  filter.missing_at_most = kMissingListed;
  for (const auto& [key, value] : query) {
    if (key == "application") {
      filter.application = value;
    } else if (key == "kind") {
      filter.kind = KindNamed(value);
      if (!filter.kind) {
        return bad("kind is one of image, structure_set, plan, dose, record, registration, other");
      }
    } else if (key == "state") {
      auto states = StatesNamed(value);
      if (!states) {
        return bad(
            "state is all, or some of waiting, ready, sending, verifying, delivered, "
            "quarantined, discarded with commas between");
      }
      filter.states = *states;
    } else if (key == "after") {
      if (!ParseNumber<store::RowId>(value, 0, INT64_MAX, filter.after)) {
        return bad("after is the number that the page before gave as next");
      }
    } else if (key == "limit") {
      if (!ParseNumber(value, 1, store::HeldFilter::kPage, filter.limit)) {
        return bad(fmt::format("limit is a number from 1 to {}", store::HeldFilter::kPage));
      }
    } else {
      return bad("the query may have application, kind, state, after, limit, nothing else");
    }
  }
  return filter;
}

}  // namespace router::admin
