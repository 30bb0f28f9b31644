// SPDX-License-Identifier: Apache-2.0
#include "tools/examples/upscale/upscale.h"

int main(int argc, char** argv) {
    return convt::cli::run_main(argc, argv, upscale::upscale);
}
