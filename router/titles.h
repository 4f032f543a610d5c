#pragma once
#include <vector>

#include "router/config/config.h"

namespace router {

// One of our AE titles, as an application meets it.
struct TitleTowards {
  AeTitle title;
  bool calls = false;     // we call it under this title: stores, questions, moves
  bool receives = false;  // it sends the sub-operations of carried moves to this title
};

// Every title of ours that `application` has to know: ours or its call_as first, then each
// client's call_as, then its move_as where these are told or the profile needs them. The titles
// that clients have themselves are not among them, though an application without call_as meets
// those as well: which of them call it is not configured.
std::vector<TitleTowards> TitlesTowards(const config::Config& config,
                                        const config::Application& application);

}  // namespace router
