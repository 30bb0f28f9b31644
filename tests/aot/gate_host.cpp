// SPDX-License-Identifier: Apache-2.0
// A host that loads the object in the file given and runs its admission check. Exit codes are those of the tools.
#include "convt/admission.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

convt::Status load_and_admit(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto object = convt::Object::deserialize(std::as_bytes(std::span(text)));
    if (!object.ok()) return object.status();
    const auto kernel = convt::Kernel::load(object.value());
    if (!kernel.ok()) return kernel.status();
    return convt::admit(*kernel.value());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const convt::Status status = load_and_admit(argv[1]);
    if (!status.ok())
        std::fprintf(stderr, "%s: %s\n", std::string(convt::code_name(status.code())).c_str(),
                     status.message().c_str());
    return convt::exit_code(status.code());
}
