#include "router/worksheet.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>

#include "router/titles.h"

namespace router {
namespace {

constexpr std::string_view kHead =
    R"(What to enter in Varian's DICOM configuration, under "Trusted Application Entities".

Add these entries. Leave every entry that is there already as it is: existing entries are the way
back, with them clients can call the service without Sluice again. AE titles are written exactly as
here, case counts. The service restarts when its configuration is saved, and breaks off what is
under way: do it when nobody imports or exports.
)";

bool ListensAt(const config::Endpoint& listener, const std::string& address) {
  return listener.host.empty() || listener.host == "0.0.0.0" || listener.host == "::" ||
         listener.host == address;
}

std::string_view WhatFor(const TitleTowards& title) {
  if (title.calls && title.receives) return "Sluice calls, and receives what is moved";
  return title.calls ? "Sluice calls" : "Sluice receives what is moved";
}

std::string Entries(const config::Config& config, const config::Application& application,
                    const std::string& address, uint16_t port) {
  std::string text =
      fmt::format("\n{} at {}\n\n  {:<16}  {:<15}  {:<5}  used when\n", application.ae_title.view(),
                  application.address->str(), "AE title", "address", "port");
  for (const TitleTowards& title : TitlesTowards(config, application))
    text += fmt::format("  {:<16}  {:<15}  {:<5}  {}\n", title.title.view(), address, port,
                        WhatFor(title));
  return text;
}

// A word of a command line, as a shell takes it for one.
std::string AsWord(const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("-_./:+").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Result<uint16_t> OurPort(const config::Config& config, const std::string& address) {
  auto found = std::ranges::find_if(
      config.listen, [&](const config::Endpoint& one) { return ListensAt(one, address); });
  if (found == config.listen.end())
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "nothing of ours listens at " + address +
                    ", where it would call us: add that to listen, or name another --address");
  if (found->port == 0)
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "listen has port 0, which is another one after each start: write a port");
  return found->port;
}

Result<std::string> Worksheet(const config::Config& config, const OurAddress& our_address) {
  std::string text(kHead), names;
  for (const config::Application& application : config.applications) {
    if (application.profile != config::Profile::kAria || !application.address) continue;
    auto address = our_address(*application.address);
    if (!address) return std::unexpected(address.error());
    auto port = OurPort(config, *address);
    if (!port) return std::unexpected(port.error());
    text += Entries(config, application, *address, *port);
    names += " " + AsWord(application.name);
  }
  if (names.empty())
    return Fail(Errc::kNotFound, Blame::kInternal,
                "no application has profile: aria, so there is nothing to enter");
  return text + fmt::format("\nThen, on this machine:\n\n  sluice test --config {}{}\n",
                            config.file, names);
}

Result<std::string> RoutedFrom(const config::Endpoint& there) {
  auto unknown = [&](std::string why) {
    return Fail(Errc::kConnect, Blame::kInternal,
                fmt::format("from which address this machine calls {} is not known ({}): name it "
                            "with --address",
                            there.str(), why));
  };
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_DGRAM;
  const int status =
      getaddrinfo(there.host.c_str(), std::to_string(there.port).c_str(), &hints, &found);
  if (status != 0) return unknown(gai_strerror(status));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one; one = one->ai_next) {
    // A datagram socket that is connected has its local end, and has sent nothing.
    const int fd = socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage local{};
    socklen_t size = sizeof(local);
    std::array<char, NI_MAXHOST> text{};
    const bool good = fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) == 0 &&
                      getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) == 0 &&
                      getnameinfo(reinterpret_cast<sockaddr*>(&local), size, text.data(),
                                  text.size(), nullptr, 0, NI_NUMERICHOST) == 0;
    error = errno;
    if (fd >= 0) close(fd);
    if (good) return std::string(text.data());
  }
  return unknown(std::strerror(error));
}

}  // namespace router
