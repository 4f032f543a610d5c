#include "router/config/schema.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "router/base/text.h"

namespace router::config {
namespace {

Place PlaceOf(Section& section) {
  if (!section.node()) return {};
  const Positioned& at = section.reader().PlaceOf(section.path());
  return {at.file + ":" + std::to_string(at.line)};
}

// A target of a strong type, read into the plain member that users see.
template <class Strong, class Plain, class Member>
void ReadAs(Section& section, std::string_view key, Plain& target, Member member) {
  Strong value{};
  value.*member = target;
  if (section.Value(key, value)) target = std::move(value.*member);
}

template <class Strong, class Member>
void ReadTexts(Section& section, std::string_view key, std::vector<std::string>& target,
               Member member, bool may_be_empty) {
  std::vector<Strong> values;
  if (may_be_empty ? !section.Values(key, values) : !section.SomeValues(key, values)) return;
  target.clear();
  for (Strong& value : values) target.push_back(std::move(value.*member));
}

void ReadOptional(Section& section, std::string_view key, std::optional<Endpoint>& target) {
  Endpoint value;
  if (section.Value(key, value)) target = std::move(value);
}

void ReadListener(Section& section, std::string_view key, std::optional<Endpoint>& target) {
  ListenEndpoint value;
  if (section.Value(key, value)) target = std::move(value.endpoint);
}

void ReadListen(Section& root, std::vector<Endpoint>& listen) {
  root.Needed("listen").EachOr<ListenEndpoint>(
      "listen",
      [&](Section& s) {
        Endpoint endpoint;
        ReadAs<ListenAddress>(s, "address", endpoint.host, &ListenAddress::text);
        ReadAs<ListenPort>(s.Needed("port"), "port", endpoint.port, &ListenPort::port);
        listen.push_back(std::move(endpoint));
      },
      [&](ListenEndpoint value) { listen.push_back(std::move(value.endpoint)); });
  const Positioned* node = root.Find("listen");
  if (node && node->values.empty() && node->form != Positioned::Form::kScalar)
    root.reader().Error(*node, "listen must have at least one port");
}

void ReadStore(Section& root, Store& store) {
  root.Needed("store").Map("store", [&](Section& s) {
    ReadAs<AbsolutePath>(s.Needed("directory"), "directory", store.directory, &AbsolutePath::text);
    s.Between("free_floor", store.free_floor, ByteCount{0}, ByteCount{1} << 50);
  });
}

void ReadHold(Section& application, Hold& hold) {
  application.Map("hold", [&](Section& s) {
    s.Time("warn_after", hold.warn_after);
    s.Time("at_most", hold.at_most);
    s.Value("then", hold.then);
    if (s.node() && hold.warn_after >= hold.at_most)
      s.reader().Warn(*s.node(), "hold: warn_after (" + Write(hold.warn_after) +
                                     ") is not before at_most (" + Write(hold.at_most) +
                                     "), so nobody is warned in time");
  });
}

void CheckRange(Section& section, std::string_view what, Duration first, Duration most) {
  if (section.node() && first > most)
    section.reader().Error(*section.node(), std::string(what) + ": first (" + Write(first) +
                                                ") is longer than most (" + Write(most) + ")");
}

void ReadPatience(Section& application, Application& a) {
  application.Map("retry", [&](Section& s) {
    s.Time("first", a.retry.first);
    s.Time("most", a.retry.most);
    s.Time("give_up_after", a.retry.give_up_after);
    CheckRange(s, "retry", a.retry.first, a.retry.most);
  });
  application.Map("breaker", [&](Section& s) {
    s.Between("failures", a.breaker.failures, 1u, 1000u);
    s.Time("probe_every", a.breaker.probe_every);
  });
  application.Map("existence", [&](Section& s) {
    s.Time("first", a.existence.first);
    s.Time("most", a.existence.most);
    s.Time("lifetime", a.existence.lifetime);
    s.Between("per_second", a.existence.per_second, 1u, 10'000u);
    CheckRange(s, "existence", a.existence.first, a.existence.most);
  });
  application.Map("statuses", [&](Section& s) {
    s.Values("not_yet", a.statuses.not_yet);
    s.Values("again", a.statuses.again);
  });
  application.Map("timeouts", [&](Section& s) {
    s.Time("connect", a.timeouts.connect);
    s.Time("association", a.timeouts.association);
    s.Time("release", a.timeouts.release);
    s.Time("response", a.timeouts.response);
    s.Time("move_response", a.timeouts.move_response);
    s.Time("idle", a.timeouts.idle);
    s.Time("write_stall", a.timeouts.write_stall);
  });
}

void ReadHolding(Section& s, Application& a) {
  ReadTexts<MachineName>(s, "machines", a.machines, &MachineName::text, true);
  s.Value("unknown_machine", a.unknown_machine);
  s.Pairs<MachineName, MachineName>("machine_names", [&](MachineName plans, MachineName ours) {
    a.machine_names[std::move(plans.text)] = std::move(ours.text);
  });
  s.Value("clinical_edit", a.clinical_edit);
  s.Value("patient_check", a.patient_check);
  s.Value("on_conflict", a.on_conflict);
  ReadHold(s, a.hold);
  s.Map("requirements", [&](Section& r) {
    r.Value("structure_set_images", a.requirements.structure_set_images);
    r.Value("plan_structure_set", a.requirements.plan_structure_set);
    r.Value("dose_plan", a.requirements.dose_plan);
    r.Value("dose_structure_set", a.requirements.dose_structure_set);
    r.Value("record_plan", a.requirements.record_plan);
    r.Value("registration_images", a.requirements.registration_images);
    r.Value("match_images", a.requirements.match_images);
    r.Value("match_structure_sets", a.requirements.match_structure_sets);
    r.Value("no_images", a.requirements.no_images);
  });
  s.Value("confirm", a.confirm);
  s.Time("decide_within", a.decide_within);
  s.Time("verify_for", a.verify_for);
  s.TimeOrZero("quiet_for", a.quiet_for);
}

void ReadMoves(Section& s, Application& a) {
  s.Value("moves", a.moves);
  s.SomeValues("move_as", a.move_as);
  s.SomeValues("move_to", a.move_to);
  s.Value("move_originator", a.move_originator);
  s.Value("unknown_destinations", a.unknown_destinations);
  s.Value("client_gone", a.client_gone);
  s.Value("get", a.get);
  s.Time("answer_within", a.answer_within);
  s.TimeOrZero("settle", a.settle);
  s.TimeOrZero("late", a.late);
  s.Time("pending_interval", a.pending_interval);
  s.Between("max_moves", a.max_moves, 0u, 10'000u);
  s.Between("complete_moves", a.complete_moves, 0u, 10u);
}

void ReadCommitment(Section& s, Application& a) {
  s.Value("storage_commitment", a.storage_commitment);
  s.Map("commitment", [&](Section& c) {
    c.Time("at_most", a.commitment.at_most);
    c.Time("report_for", a.commitment.report_for);
    c.Time("idle_for", a.commitment.idle_for);
    c.Time("retain_for", a.commitment.retain_for);
    c.Between("most_owed", a.commitment.most_owed, 1u, 100'000u);
  });
}

// Whence an application calls us, if nobody says so: where we call it. A name is not looked up.
std::vector<Cidr> WhereItIs(const std::optional<Endpoint>& address) {
  if (!address) return {};
  if (address->host == "localhost") {
    std::vector<Cidr> loopback;
    for (std::string_view text : {"127.0.0.1", "::1"})
      if (auto ip = IpAddress::Parse(text)) loopback.push_back(Cidr::Of(*ip));
    return loopback;
  }
  auto ip = IpAddress::Parse(address->host);
  return ip ? std::vector{Cidr::Of(*ip)} : std::vector<Cidr>();
}

// The name serves as AE title and as label, so it must be fit for both.
void ReadTitle(const std::string& name, Section& s, Application& a) {
  a.name = name;
  bool written = s.Find("ae_title") != nullptr;
  s.Value("ae_title", a.ae_title);
  if (!s.node()) return;
  if (name.size() > 64 || Printable(name) != name || name.empty())
    return s.reader().Error(
        s.reader().PlaceOf(s.path()),
        "\"" + Printable(name) + "\" is no name: 1 to 64 printable ASCII characters are allowed");
  if (written) return;
  auto title = AeTitle::Parse(name);
  if (title)
    a.ae_title = *title;
  else
    s.reader().Error(s.reader().PlaceOf(s.path()),
                     title.error().detail + "; shorten the name or add ae_title");
}

Application ReadApplication(const std::string& name, Section& s, const AeTitle& ours) {
  Application a;
  ReadTitle(name, s, a);
  s.Values("also_called", a.also_called);
  ReadOptional(s, "address", a.address);
  a.from = WhereItIs(a.address);
  s.Values("from", a.from);
  a.moves = a.address ? Moves::kCarry : Moves::kForward;
  a.move_as = {ours};

  s.Value("profile", a.profile);
  if (a.profile == Profile::kAria) {
    a.confirm = Confirm::kQuery;
    a.call_as = ours;
    a.get = Get::kBridge;
  }
  s.Value("mode", a.mode);
  ReadHolding(s, a);
  s.Between("max_associations", a.max_associations, 1u, 10'000u);
  s.TimeOrZero("wait_for", a.wait_for);
  s.Time("capabilities_for", a.capabilities_for);
  s.Value("call_as", a.call_as);
  ReadMoves(s, a);
  ReadCommitment(s, a);
  ReadPatience(s, a);
  a.place = PlaceOf(s);
  return a;
}

// durable, refuse, or {wait: 20s, then: durable}.
void ReadAcknowledge(Section& client, Acknowledge& acknowledge) {
  client.MapOr("acknowledge", acknowledge.then, [&](Section& s) {
    s.Time("wait", acknowledge.wait);
    s.Value("then", acknowledge.then);
  });
}

Client ReadClient(Section& s) {
  Client client;
  ReadTexts<TitlePattern>(s.Needed("ae_title"), "ae_title", client.ae_titles, &TitlePattern::text,
                          false);
  s.Needed("from").SomeValues("from", client.from);
  std::vector<Operation> may;
  if (s.Values("may", may)) {
    client.may = {};
    client.may[static_cast<size_t>(Operation::kEcho)] = true;
    for (Operation operation : may) client.may[static_cast<size_t>(operation)] = true;
  }
  s.Value("call_as", client.call_as);
  ReadAs<ClientPort>(s, "receives_on", client.receives_on, &ClientPort::port);
  ReadOptional(s, "address", client.address);
  ReadAcknowledge(s, client.acknowledge);
  client.place = PlaceOf(s);
  return client;
}

// The token is the file's first line; what the file says is never repeated in a message.
void ReadTokenFile(Section& s, Admin& admin) {
  ReadAs<AbsolutePath>(s, "token_file", admin.token_file, &AbsolutePath::text);
  const Positioned* node = s.Find("token_file");
  if (!node || admin.token_file.empty()) return;
  if (s.Find("token"))
    return s.reader().Error(*node, "token_file: token is given too; keep one of them");
  std::ifstream file(admin.token_file);
  if (!std::getline(file, admin.token) || TrimSpaces(admin.token).empty())
    return s.reader().Error(*node, "token_file: cannot read a token from " + admin.token_file);
  admin.token = std::string(TrimSpaces(admin.token));
}

void ReadAdmin(Section& root, Config& config) {
  root.Map("admin", [&](Section& s) {
    ReadListener(s, "listen", config.admin.listen);
    s.Value("token", config.admin.token);
    ReadTokenFile(s, config.admin);
  });
  root.Map("metrics", [&](Section& s) { ReadListener(s, "listen", config.metrics); });
}

void ReadLimits(Section& root, Limits& limits) {
  root.Map("limits", [&](Section& s) {
    ByteCount max_pdu = limits.max_pdu;
    // PS3.8 D.1 leaves the least open; below 4 KiB toolkits fail, above 16 MiB nobody gains.
    s.Between("max_pdu", max_pdu, ByteCount{4} << 10, ByteCount{16} << 20);
    limits.max_pdu = static_cast<uint32_t>(max_pdu);
    s.Between("buffers", limits.buffers, ByteCount{4} << 20, ByteCount{1} << 40);
    s.Between("associations", limits.associations, 1u, 1'000'000u);
    s.Between("associations_per_address", limits.associations_per_address, 1u, 1'000'000u);
    s.Time("artim", limits.artim);
    s.Time("client_idle", limits.client_idle);
    s.Time("write_stall", limits.write_stall);
    s.TimeOrZero("drain", limits.drain);
  });
}

}  // namespace

void ReadConfig(Section& root, Config& config) {
  std::vector<FilePattern> followed;  // before anything is read: include.h
  root.Values("include", followed);
  root.Needed("ae_title").Value("ae_title", config.ae_title);
  ReadListen(root, config.listen);
  ReadStore(root, config.store);
  root.Between("loops", config.loops, 0u, 1024u);
  root.Named("applications", [&](const std::string& name, Section& s) {
    config.applications.push_back(ReadApplication(name, s, config.ae_title));
  });
  root.Each("clients", [&](Section& s) { config.clients.push_back(ReadClient(s)); });
  ReadAdmin(root, config);
  root.Map("log", [&](Section& s) {
    s.Value("level", config.log.level);
    s.Value("form", config.log.form);
  });
  ReadLimits(root, config.limits);
  root.Find("rules");  // read by what the loader was given
}

}  // namespace router::config
