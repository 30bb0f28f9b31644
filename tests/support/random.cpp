// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random.h"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace convt::test {

std::uint64_t environment_number(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') return otherwise;
    char* end = nullptr;
    errno = 0;
    const std::uint64_t value = std::strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || *text == '-') {
        throw std::runtime_error(std::string(name) + " is '" + text + "': it must be an unsigned number");
    }
    return value;
}

std::uint64_t run_seed() {
    return environment_number("CONVT_SEED", 20260131);
}

}  // namespace convt::test
