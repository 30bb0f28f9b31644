// SPDX-License-Identifier: Apache-2.0
// The modules that the tests are written in. Every text is here or made by kernel_of, so that ptxas_test.cpp finds all
// of them.
#pragma once

#include <string>
#include <vector>

namespace convt::ptx {

struct NamedText {
    const char* name;
    std::string text;
};
const std::vector<NamedText>& programs();
// Of the module of that name.
const std::string& program_text(const std::string& name);

}  // namespace convt::ptx
