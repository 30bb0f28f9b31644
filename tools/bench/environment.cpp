// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/environment.h"

#include <cstdlib>
#include <filesystem>

namespace convt::cli {

namespace {

Result<std::string> existing(std::string path) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path;
    return Status(Code::unsupported, "peers: no " + path + " here: run tools/setup-peers in the checkout");
}

}  // namespace

Result<std::string> peers_python() {
    const char* set = std::getenv("CONVT_PEERS");
    return existing(std::string(set != nullptr ? set : CONVT_CHECKOUT "/.deps/peers") + "/bin/python");
}

Result<std::string> bench_script(const std::string& name) {
    return existing(CONVT_CHECKOUT "/tools/bench/" + name);
}

}  // namespace convt::cli
