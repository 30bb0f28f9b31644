// SPDX-License-Identifier: Apache-2.0
// Where the Python of the peers and its scripts are.
#pragma once

#include "convt/status.h"

#include <string>

namespace convt::cli {

// Of the environment in $CONVT_PEERS, or the checkout's own, which tools/setup-peers makes. Code::unsupported where it
// is not there.
Result<std::string> peers_python();
// A file of the checkout's tools/bench/. Code::unsupported where it is not there.
Result<std::string> bench_script(const std::string& name);

}  // namespace convt::cli
