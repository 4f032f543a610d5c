#pragma once
#include <string>
#include <vector>

#include "router/base/result.h"
#include "router/explain.h"

// For explain*.cc alone: files and folders that were named, and the order in which instances go.
namespace router {

// Every regular file below the folder, sorted; links are not followed. Errors: kNotFound, kDisk,
// with the path.
Result<std::vector<std::string>> FilesBelow(const std::string& folder);
bool IsFolder(const std::string& path);

// The messages that go to applications with an order of injection, in that order: those of which
// others may have to wait go first; a series by Instance Number.
std::vector<size_t> ReleaseOrder(const Explanation& explanation);

}  // namespace router
