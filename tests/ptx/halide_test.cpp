// SPDX-License-Identifier: Apache-2.0
// Kernels made by Halide, run by its own host code: results as on the host, no finding. And, on demand, how fast the
// executor is.
#include "tests/ptx/halide_pipelines.h"

#include <catch2/catch_test_macros.hpp>

#include <iostream>

namespace convt::ptx {
namespace {

const Report& checked(const HalideRun& run) {
    INFO(run.name << " for sm_" << run.capability << ": " << run.failure);
    CHECK(run.failure.empty());
    CHECK(run.wrong == 0);
    CHECK(run.results > 0);
    REQUIRE(run.launches.size() == 1);
    INFO(run.launches[0].report.text());
    CHECK(run.launches[0].error.empty());
    CHECK(run.launches[0].report.findings.empty());
    // Halide asks for at most 64 registers unless told otherwise.
    CHECK(run.launches[0].max_registers == 64);
    return run.launches[0].report;
}

}  // namespace

TEST_CASE("Halide's matrix products, staged through shared memory") {
    for (const int capability : {75, 80, 86}) {
        const HalideRun single = halide_matrix_product<float>(capability, 128);
        const Counts counts = checked(single).counts;
        // 128^3 multiply-adds, as fma or, the first of a sum, as less.
        CHECK(counts.by_name.contains("fma.rn.f32") != counts.by_name.contains("fma.rn.ftz.f32"));
        CHECK(counts.shared_loads.requests > 0);
        checked(halide_matrix_product<double>(capability, 64));
    }
}

TEST_CASE("Halide's reduction, transposing copy and functions, with sizes that fill no block") {
    for (const int capability : {75, 80, 86}) {
        checked(halide_row_sums(capability, 256, 37));
        const Counts counts = checked(halide_transpose(capability, 75, 50)).counts;
        CHECK(counts.shared_loads.ratio() < 1.3);
        checked(halide_functions(capability, 777));
    }
}

TEST_CASE("speed: 50 million thread instructions a second", "[.][speed]") {
    const HalideRun run = halide_matrix_product<float>(80, 512);
    const Counts counts = checked(run).counts;
    const double rate = static_cast<double>(counts.thread_instructions) / run.seconds / 1e6;
    std::cout << run.launches[0].report.text() << run.seconds << " s, " << rate
              << " million thread instructions a second, " << rate / 50 << " times the goal\n";
}

}  // namespace convt::ptx
