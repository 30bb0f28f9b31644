// SPDX-License-Identifier: Apache-2.0
// What makes two kernels the same: everything that changes an object's bytes enters its key. CPU models and paths do
// not.
#include "convt/engine.h"
#include "runtime/object/format.h"
#include "runtime/object/hash.h"
#include "runtime/target/dot_product.h"

#include <cstdlib>

namespace convt {

const char* version() noexcept {
    return CONVT_VERSION;
}

std::string cache_key(const Problem& problem, const Target& target, std::string_view fingerprint) {
    const std::string form = std::to_string(object_format_version);
    const std::string problem_text = problem.text();
    const std::string target_text = relevant_target(problem, target).text();
    return hash_fields({form, version(), problem_text, target_text}).substr(0, 16) +
           hash_fields({form, version(), problem_text, target_text, fingerprint});
}

std::string default_cache_dir() {
    // XDG Base Directory Specification 0.8: a value that is not an absolute path is ignored.
    const auto absolute = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && *value == '/' ? std::string(value) : std::string();
    };
    if (const std::string cache = absolute("XDG_CACHE_HOME"); !cache.empty()) return cache + "/convt";
    if (const std::string home = absolute("HOME"); !home.empty()) return home + "/.cache/convt";
    return {};
}

}  // namespace convt
