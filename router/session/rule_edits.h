#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "router/base/element.h"
#include "router/dataset/part10.h"
#include "router/session/store_terms.h"

namespace router::session {

class Services;

// The edits on which rules decided, in their order.
std::vector<const ElementEdit*> EditsOf(const rules::Decisions& decided);

// Why these edits may not be made to an instance of this class on its way to `to` (null: to no
// application): they change what may be a plan, or a UID, where that is treated, and nobody said
// that it is meant. `sluice check` finds what can be found by the rules alone; which of them meet
// in one message is seen here.
std::optional<std::string> ObjectionTo(std::span<const ElementEdit* const> edits,
                                       const Uid& sop_class, const config::Application* to);

// An instance of the spool with `edits` made, as a part of its own; none if they change nothing.
// `meta`: of the file; `region_size`: bytes of its data set. Errors: as dataset::Edit, and kDisk;
// nothing is left then.
net::Task<Result<SpooledPart>> EditSpooled(Services& services, dataset::FileMeta meta,
                                           dataset::Region region, uint64_t region_size,
                                           std::vector<const ElementEdit*> edits);

}  // namespace router::session
