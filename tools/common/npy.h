// SPDX-License-Identifier: Apache-2.0
// NumPy's file format for one array (NEP 1, numpy/lib/format.py): versions 1.0 to 3.0, little-endian f32, f64, c64 and
// c128, in C or Fortran order. No library in Debian reads it, hence this one. Bytes are hostile until read.
#pragma once

#include "convt/problem.h"
#include "convt/status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convt::cli {

// An array in C order.
struct Array {
    ElementType type = ElementType::f32;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> data;
};

// Code::corrupt for what is no whole .npy file, Code::unsupported for another version, byte order or element type; the
// message names what was found.
Result<Array> parse_npy(std::string_view bytes);
// The same from a file; messages begin with its path.
Result<Array> read_npy(const std::string& path);

// Bytes of a version 1.0 file in C order. `data` holds the elements of `shape`.
std::string format_npy(ElementType type, const std::vector<std::int64_t>& shape, std::span<const std::byte> data);

// "(2, 3)", as Python writes a tuple.
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace convt::cli
