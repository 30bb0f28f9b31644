// SPDX-License-Identifier: Apache-2.0
#include "tools/cache/cache.h"

int main(int argc, char** argv) {
    return convt::cli::run_main(argc, argv, convt::cli::cache_tool);
}
