// SPDX-License-Identifier: Apache-2.0
#include "schedules/gpu/banks.h"

#include "schedules/gpu_space.h"

#include <algorithm>
#include <vector>

namespace convt {
namespace {

constexpr int warp = static_cast<int>(warp_lanes);
constexpr int bank_bytes = 128;     // of all banks together, a cycle
constexpr int vector_elements = 4;  // at most

// Cycles of one access by the lanes of a warp at `element`(lane), below `lanes`: as many as meet in one bank.
template <typename Element>
int wavefronts(int lanes, int scalar_bytes, const Element& element) {
    const int together = bank_bytes / scalar_bytes;
    int cycles = 0;
    for (int first = 0; first < lanes; first += together) {
        std::vector<int> met(static_cast<std::size_t>(together));
        for (int lane = first; lane < std::min(first + together, lanes); ++lane)
            ++met[static_cast<std::size_t>(element(lane) % together)];
        cycles += *std::max_element(met.begin(), met.end());
    }
    return cycles;
}

// Of the block's first warp: its results written and read.
int wavefronts(const GpuTileSizes& z, int stride, int scalar_bytes, HeldPitch pitch) {
    const int row = stride * pitch.columns, channel = row * pitch.rows, lanes = std::min(warp, z.threads());
    const int turns = stride * z.rx * z.ry;
    int cycles = turns * wavefronts(lanes, scalar_bytes, [&](int lane) {
                     return lane % z.tx + lane / z.tx % z.tc * channel + lane / z.tx / z.tc * row;
                 });
    for (int turn = 0; turn < turns; ++turn) {
        cycles += wavefronts(lanes, scalar_bytes, [&](int lane) {
            const int place = turn * z.threads() + lane, width = stride * z.positions_x(), x = place % width;
            const int y = place / width % z.positions_y(), t = place / width / z.positions_y();
            return x / stride + x % stride * pitch.columns + y * row + t * channel;
        });
    }
    return cycles;
}

}  // namespace

HeldPitch held_pitch(const GpuTileSizes& z, int stride, int scalar_bytes) {
    HeldPitch best;
    int fewest = 0;
    for (int rows = z.positions_y(); rows <= z.positions_y() + 1; ++rows) {
        for (int columns = z.positions_x(); columns <= z.positions_x() + held_pad(z.tx); ++columns) {
            if (stride * columns * rows * z.tc % vector_elements != 0) continue;
            const int cycles = wavefronts(z, stride, scalar_bytes, {columns, rows});
            if (fewest != 0 && cycles >= fewest) continue;
            fewest = cycles;
            best = {columns, rows};
        }
    }
    return best;
}

}  // namespace convt
