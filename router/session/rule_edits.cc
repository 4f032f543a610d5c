#include "router/session/rule_edits.h"

#include <algorithm>

#include "router/dataset/dictionary.h"
#include "router/dataset/element_edit.h"
#include "router/dataset/source.h"
#include "router/dimse/sop_classes.h"
#include "router/session/room.h"
#include "router/session/services.h"

namespace router::session {
namespace {

constexpr size_t kPiece = 1 << 20;  // bytes

// What stands in the file from `offset` of its data set on, appended to `part`.
net::Task<Result<>> AppendRest(Services& services, dataset::Region region, uint64_t offset,
                               store::SpoolWriter& part) {
  using Opened = Result<std::unique_ptr<dataset::Source>>;
  auto open = [region] { return dataset::OpenRaw(region); };
  auto source = co_await services.disk.Run<Opened>(std::move(open));
  if (!source) co_return std::unexpected(source.error());
  for (uint64_t skip = offset;;) {
    auto read = [from = source->get(), skip]() -> Result<Buffer> {
      auto skipped = from->Skip(skip);
      if (!skipped) return std::unexpected(skipped.error());
      auto bytes = from->Peek(kPiece);
      if (!bytes) return std::unexpected(bytes.error());
      const Bytes piece = bytes->first(std::min(bytes->size(), kPiece));
      return Buffer(piece.begin(), piece.end());
    };
    auto piece = co_await services.disk.Run<Result<Buffer>>(std::move(read));
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return Result<>();
    skip = piece->size();
    Buffer bytes = std::move(*piece);
    auto appended = co_await part.Append(std::move(bytes));
    if (!appended) co_return appended;
  }
}

}  // namespace

std::vector<const ElementEdit*> EditsOf(const rules::Decisions& decided) {
  std::vector<const ElementEdit*> edits;
  edits.reserve(decided.edits.size());
  for (const auto& edit : decided.edits) edits.push_back(edit.value);
  return edits;
}

std::optional<std::string> ObjectionTo(std::span<const ElementEdit* const> edits,
                                       const Uid& sop_class, const config::Application* to) {
  if (!to || to->profile != config::Profile::kAria || to->clinical_edit) return std::nullopt;
  const Kind kind = dimse::KindOf(sop_class.view());
  const bool may_be_plan =
      kind == Kind::kPlan || (kind == Kind::kOther && dimse::MayHaveRequirements(sop_class.view()));
  for (const ElementEdit* edit : edits) {
    const bool of_uid =
        !edit->path.steps.empty() &&
        dataset::VrInDictionary(edit->path.steps.back().tag) == dataset::VrOf('U', 'I');
    if (!edit->clinical && (may_be_plan || of_uid))
      return edit->text + " needs clinical_edit on the way to " + to->name;
  }
  return std::nullopt;
}

net::Task<Result<SpooledPart>> EditSpooled(Services& services, dataset::FileMeta meta,
                                           dataset::Region region, uint64_t region_size,
                                           std::vector<const ElementEdit*> edits) {
  auto share = co_await services.edits.Take(std::min(region_size, dataset::kMostEdited));
  auto edit = [&region, &edits] { return dataset::Edit(region, edits); };
  auto edited = co_await services.cpu.Run<Result<dataset::EditedHead>>(std::move(edit));
  if (!edited) co_return std::unexpected(edited.error());
  if (!edited->changed) co_return SpooledPart{};
  Buffer header = dataset::MakeFileMetaHeader(meta);
  auto part = co_await OpenSpool(services, std::move(header));
  if (!part) co_return std::unexpected(part.error());
  Buffer head = std::move(edited->head);
  auto written = co_await (*part)->Append(std::move(head));
  if (written) written = co_await AppendRest(services, region, edited->resume_offset, **part);
  if (!written) {
    co_await (*part)->Drop();
    co_return std::unexpected(written.error());
  }
  auto file = co_await (*part)->Finish();
  if (!file) co_return std::unexpected(file.error());
  co_return SpooledPart{std::move(*part), std::move(*file)};
}

}  // namespace router::session
