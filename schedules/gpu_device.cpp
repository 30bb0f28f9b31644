// SPDX-License-Identifier: Apache-2.0
#include "schedules/gpu_device.h"

#include <algorithm>

namespace convt {
namespace {

// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability" and "Throughput of Native Arithmetic
// Instructions".
constexpr const char* guide = "CUDA C++ Programming Guide, compute capabilities";
constexpr const char* ampere = "NVIDIA A100 Tensor Core GPU Architecture, whitepaper, 2020";
constexpr const char* hopper = "NVIDIA H100 Tensor Core GPU Architecture, whitepaper, 2023";
constexpr const char* h200 = "NVIDIA H200 Tensor Core GPU datasheet, 2024: an H100 with other memory";
constexpr const char* ga102 = "NVIDIA Ampere GA102 GPU Architecture, whitepaper, 2021";
constexpr const char* turing = "NVIDIA T4 datasheet and Turing GPU Architecture, whitepaper, 2018";
// Measurements.
constexpr const char* l2_of_a100 = "te42kyfo/gpu-benches, gpu-l2-cache/a100_80.txt (A100 of 80 GB)";
constexpr const char* latency_of_a100 = "te42kyfo/gpu-benches, cuda-latency/a100_40.txt";
constexpr const char* l2_of_h200 = "te42kyfo/gpu-benches, gpu-l2-cache/h200.txt (H200: the same chip)";
constexpr const char* latency_of_h100 = "te42kyfo/gpu-benches, gpu-latency/h100_pcie.txt";
constexpr const char* l2_of_a40 = "te42kyfo/gpu-benches, gpu-cache/a40.txt (A40: the same chip, 84 multiprocessors)";
constexpr const char* as_a100 = "taken as the A100's, cuda-latency/a100_40.txt: the same generation";
constexpr const char* jia = "Jia et al., Dissecting the NVidia Turing T4 GPU via Microbenchmarking, arXiv:1903.07486";
constexpr const char* feng = "sjfeng1999/gpu-arch-microbenchmark, RTX 2070: the same architecture";
constexpr const char* v100 = "te42kyfo/gpu-benches, README, V100: no figure without misses of the TLB for a T4";
// 64 KiB take as long as 2.5 us at any grid.
constexpr const char* small_a100 = "te42kyfo/gpu-benches, gpu-small-kernels/a100_80.txt";
constexpr const char* small_h200 = "te42kyfo/gpu-benches, gpu-small-kernels/h200.txt";
constexpr const char* small_a40 = "te42kyfo/gpu-benches, gpu-small-kernels/a40.txt";
constexpr const char* small_others = "taken as an A40's, gpu-small-kernels/a40.txt";

constexpr double kib = 1024, mib = 1024 * kib;

constexpr GpuDevice rows[] = {
    {"a100",
     "NVIDIA A100-SXM4-40GB",
     80,
     {108, ampere},
     {1410, ampere},
     {64, guide},
     {32, guide},
     {64, guide},
     {32, guide},
     {164 * kib, guide},
     {40 * mib, ampere},
     {5400, l2_of_a100},
     {213, latency_of_a100},
     {570, latency_of_a100},
     {1555, ampere},
     {2.6, small_a100}},
    {"h100",
     "NVIDIA H100 80GB HBM3",
     90,
     {132, hopper},
     {1980, hopper},
     {128, guide},
     {64, guide},
     {64, guide},
     {32, guide},
     {228 * kib, guide},
     {50 * mib, hopper},
     {9700, l2_of_h200},
     {265, latency_of_h100},
     {650, latency_of_h100},
     {3352, hopper},
     {2.5, small_h200}},
    {"h200",
     "NVIDIA H200",
     90,
     {132, h200},
     {1980, hopper},
     {128, guide},
     {64, guide},
     {64, guide},
     {32, guide},
     {228 * kib, guide},
     {50 * mib, hopper},
     {9700, l2_of_h200},
     {265, latency_of_h100},
     {650, latency_of_h100},
     {4800, h200},
     {2.5, small_h200}},
    {"rtx3090",
     "NVIDIA GeForce RTX 3090",
     86,
     {82, ga102},
     {1695, ga102},
     {128, guide},
     {2, guide},
     {48, guide},
     {16, guide},
     {100 * kib, guide},
     {6 * mib, ga102},
     {2400, l2_of_a40},
     {213, as_a100},
     {570, as_a100},
     {936, ga102},
     {2.1, small_a40}},
    {"t4",
     "Tesla T4",
     75,
     {40, turing},
     {1590, turing},
     {64, guide},
     {2, guide},
     {32, guide},
     {16, guide},
     {64 * kib, guide},
     {4 * mib, jia},
     {1270, jia},
     {236, feng},
     {436, v100},
     {320, turing},
     {2.1, small_others}},
};

}  // namespace

Machine GpuDevice::machine() const {
    Machine machine;
    machine.vector_bytes = 128;
    machine.registers = 255;
    machine.l1_kib = static_cast<int>(shared_bytes.value / kib);
    machine.l2_kib = static_cast<int>(l2_bytes.value / kib);
    machine.cores = static_cast<int>(multiprocessors.value);
    return machine;
}

std::span<const GpuDevice> gpu_devices() noexcept {
    return rows;
}

const GpuDevice* find_gpu_device(std::string_view name) noexcept {
    const auto* const found =
        std::ranges::find_if(rows, [&](const GpuDevice& row) { return name == row.name || name == row.model; });
    return found == std::end(rows) ? nullptr : found;
}

const GpuDevice& reference_device(const Target& target) noexcept {
    const auto* const found =
        std::ranges::find(rows, target.info().capability, [](const GpuDevice& row) { return row.capability; });
    return found == std::end(rows) ? rows[0] : *found;
}

}  // namespace convt
