#include "router/titles.h"

#include <algorithm>

namespace router {
namespace {

TitleTowards& Entry(std::vector<TitleTowards>& titles, const AeTitle& title) {
  auto found = std::ranges::find(titles, title, &TitleTowards::title);
  return found != titles.end() ? *found : titles.emplace_back(TitleTowards{title});
}

}  // namespace

std::vector<TitleTowards> TitlesTowards(const config::Config& config,
                                        const config::Application& application) {
  std::vector<TitleTowards> titles;
  Entry(titles, config.CallingTitle(application, nullptr, config.ae_title)).calls = true;
  for (const config::Client& client : config.clients)
    if (!client.call_as.empty()) Entry(titles, client.call_as).calls = true;
  // By default every application has our own title as move_as, those that are never moved from too.
  const bool told = application.move_as != std::vector{config.ae_title};
  if (told || application.profile == config::Profile::kAria)
    for (const AeTitle& title : application.move_as) Entry(titles, title).receives = true;
  return titles;
}

}  // namespace router
