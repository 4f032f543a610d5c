#pragma once
#include <set>
#include <string>
#include <vector>

#include "router/dataset/identifier.h"
#include "router/session/move_question.h"

namespace router::session {

// An instance as a C-FIND lists it.
struct Listed {
  Uid study, series, instance;
  auto operator<=>(const Listed&) const = default;
};

// What the application lists for the keys of a move. It is asked at IMAGE level or, where a study
// is named and no series, series by series, as PS3.4 C.4.1.2.2 demands of who has not negotiated
// relational queries. Errors: nothing can be concluded. Ends the question.
net::Task<Result<std::set<Listed>>> ListInstances(std::shared_ptr<MoveQuestion> question,
                                                  dataset::Identifier keys);

// The keys of the queries for what a move asks for: at SERIES level the first step, or at IMAGE
// level the only one. Pure.
std::vector<dataset::Identifier> FirstQueries(const dataset::Identifier& keys);
dataset::Identifier ImageQuery(const dataset::Identifier& keys, const Uid& study,
                               const Uid& series);

// The identifiers of the C-MOVEs that bring these: at IMAGE level, one for each series, at most
// kMostOfAMove instances in each. Pure.
inline constexpr size_t kMostOfAMove = 500;
std::vector<dataset::Identifier> MovesOf(const std::set<Listed>& missing,
                                         const dataset::Identifier& keys);

}  // namespace router::session
