// SPDX-License-Identifier: Apache-2.0
// From a specification to the two files: the C compiler and binutils of this machine run in a temporary folder; what
// they make holds no path and no time.
#pragma once

#include "tools/aot/archive_spec.h"

#include <string>

namespace convt::aot {

// The folder with the parts that every archive shares: aot.h and aot_support.o. Beside the running program, in
// ../lib/convt/aot. Code::io_error names what is missing.
Result<std::string> support_folder();

struct ArchiveFiles {
    std::string library;  // bytes of lib<name>.a
    std::string header;
};

// Code::unsupported where the C compiler ($CC, else cc) or binutils cannot be run, Code::internal with their message
// where they refuse what they are given.
Result<ArchiveFiles> build_archive(const ArchiveSpec& spec, const std::string& support);

}  // namespace convt::aot
