// SPDX-License-Identifier: Apache-2.0
// The form of device code inside an object: what Halide would embed as PTX text is replaced by a container of images,
// one PTX text for every device from its capability on, and cubins, each for the devices of its major version from its
// minor version on. The compiler writes it (compiler/device_code.cpp), the loader of modules reads it. Numbers are
// 32-bit little-endian. The object's checksum covers it.
#pragma once

#include <stdint.h>

namespace convt::cuda {

inline constexpr char container_magic[8] = {'c', 'o', 'n', 'v', 't', 'g', 'p', 'u'};
inline constexpr uint32_t container_version = 1;
inline constexpr uint32_t max_images = 16;
inline constexpr uint32_t image_alignment = 64;  // of each image's offset; cubins are ELF files

struct ContainerHeader {
    char magic[8];
    uint32_t version;
    uint32_t bytes;          // of the container
    uint32_t max_registers;  // of a thread, for PTX that the driver assembles; 0: no limit. Cubins are made with it
    uint32_t images;
};

struct ContainerImage {
    uint32_t capability;  // 10 * major + minor
    uint32_t is_ptx;      // 1: text that ends in a zero byte; 0: a cubin
    uint32_t offset;      // from the container's beginning
    uint32_t bytes;
};

}  // namespace convt::cuda
