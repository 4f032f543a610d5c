#include "router/delivery/contexts.h"

#include <algorithm>
#include <array>

#include "router/dataset/encoding.h"
#include "router/dimse/sop_classes.h"

namespace router::delivery {
namespace {

constexpr size_t kMostContexts = 128;  // PS3.8 9.3.2.2: odd numbers up to 255

// What we can convert to, best first.
constexpr std::array kFallBacks = {dataset::kExplicitVrLittleEndian,
                                   dataset::kImplicitVrLittleEndian};

// All that `cargo` could travel in.
std::vector<Uid> SyntaxesOf(const Cargo& cargo) {
  std::vector<Uid> all = {cargo.transfer_syntax};
  if (!dataset::IsUncompressed(cargo.transfer_syntax)) return all;
  for (std::string_view syntax : kFallBacks) {
    if (cargo.transfer_syntax.view() != syntax) all.emplace_back(syntax);
  }
  return all;
}

bool IsFor(const ul::ProposedContext& context, const Uid& sop_class, const Uid& syntax) {
  return context.abstract_syntax == sop_class &&
         std::ranges::find(context.transfer_syntaxes, syntax) != context.transfer_syntaxes.end();
}

bool HasContext(std::span<const ul::ProposedContext> contexts, const Uid& sop_class,
                const Uid& syntax) {
  return std::ranges::any_of(contexts,
                             [&](auto& context) { return IsFor(context, sop_class, syntax); });
}

class Proposal {
 public:
  Proposal() { Add(Uid(dimse::uid::kVerification), Uid(dataset::kImplicitVrLittleEndian)); }

  void Add(const Uid& sop_class, const Uid& syntax) {
    if (HasContext(contexts_, sop_class, syntax)) return;
    const auto id = static_cast<ul::ContextId>(2 * contexts_.size() + 1);
    contexts_.push_back({id, sop_class, {syntax}});
  }
  bool HasRoomFor(size_t count) const { return contexts_.size() + count <= kMostContexts; }
  std::vector<ul::ProposedContext> Take() { return std::move(contexts_); }

 private:
  std::vector<ul::ProposedContext> contexts_;
};

}  // namespace

std::vector<ul::ProposedContext> Propose(std::span<const Cargo> cargo) {
  Proposal proposal;
  for (const Cargo& one : cargo) {
    const std::vector<Uid> syntaxes = SyntaxesOf(one);
    if (!proposal.HasRoomFor(syntaxes.size())) break;
    for (const Uid& syntax : syntaxes) proposal.Add(one.sop_class, syntax);
  }
  return proposal.Take();
}

bool Covers(std::span<const ul::ProposedContext> proposed, const Cargo& cargo) {
  return std::ranges::all_of(SyntaxesOf(cargo), [&](const Uid& syntax) {
    return HasContext(proposed, cargo.sop_class, syntax);
  });
}

std::optional<Choice> Choose(std::span<const ul::AcceptedContext> agreed, const Cargo& cargo) {
  for (const Uid& syntax : SyntaxesOf(cargo)) {
    auto found = std::ranges::find_if(agreed, [&](const ul::AcceptedContext& context) {
      return context.abstract_syntax == cargo.sop_class && context.transfer_syntax == syntax &&
             context.requestor_is_scu;
    });
    if (found != agreed.end()) return Choice{&*found, syntax != cargo.transfer_syntax};
  }
  return std::nullopt;
}

}  // namespace router::delivery
