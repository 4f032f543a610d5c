#pragma once
#include "router/config/config.h"
#include "router/config/reader.h"

namespace router::config {

// The schema: reads the whole file from its root into `config`, defaults resolved. Each function
// of schema.cc is one section, each line in it one key.
void ReadConfig(Section& root, Config& config);

// What single keys cannot show: titles that two applications share, our own listener as an
// application, listeners in each other's way, … Reports into the reader, at the places read.
void CheckConfig(Reader& reader, const Config& config);

}  // namespace router::config
