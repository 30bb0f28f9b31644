// SPDX-License-Identifier: Apache-2.0
// The parser's halves: module level in parse_module.cpp, bodies of functions in parse_body.cpp.
#pragma once

#include "tests/support/ptx/cursor.h"
#include "tests/support/ptx/syntax.h"

namespace convt::ptx {

// `.align 16 .b8 name[64] = {..}` after the state space, up to and without what ends it.
Variable parse_variable(Cursor& cursor, Space space);

// The body of a function, braces included.
void parse_body(Cursor& cursor, Function& function);

}  // namespace convt::ptx
