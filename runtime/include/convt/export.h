// SPDX-License-Identifier: Apache-2.0
// CONVT_API marks what libconvt.so exports. Everything else of convt is compiled hidden; linked statically, the mark
// has no effect.
#pragma once

#define CONVT_API __attribute__((visibility("default")))
