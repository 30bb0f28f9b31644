// SPDX-License-Identifier: Apache-2.0
// Tuning for GPUs: the fit of the model's factors on made-up times, and convt-tune with the stand-in driver, whose
// events tell the same times on every run, and on a machine without a device.
#include "compiler/worker/process.h"
#include "convt/object.h"
#include "convt/tuned.h"
#include "tests/support/require_value.h"
#include "tests/support/temporary_folder.h"
#include "tools/common/gpu_correction.h"
#include "tools/tune/calibrate.h"
#include "tools/tune/modelled.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace convt::test {
namespace {

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using tune::Measured;

constexpr const char* tiny = "convt1d_f32_ci2_co4_i40_k4_s2_p1_scale_add";

const GpuDevice& a100() {
    return *find_gpu_device("a100");
}

// convt-tune on a problem file of its own, on a machine that plays what `machine` says.
class GpuTune {
  public:
    GpuTune() { std::ofstream(folder_.path() + "/problems.tsv") << "tiny\t" << tiny << "\n"; }
    process::Outcome run(const std::string& machine, const std::string& more) const {
        return shell(fmt::format("{} {}/convt-tune --problems {}/problems.tsv --db {} --target cuda-sm80 {}", machine,
                                 CONVT_TEST_BIN, folder_.path(), db(), more));
    }
    process::Outcome shell(const std::string& line) const {
        const auto outcome = process::run({"/bin/sh", "-c", line}, {});
        REQUIRE(outcome.status().message() == "");
        return outcome.value();
    }
    std::string db() const { return folder_.path() + "/db"; }
    std::vector<TunedRow> rows() const { return require_value(TunedTable::load(db() + "/cuda-sm80.tsv")).rows(); }

  private:
    TemporaryFolder folder_;
};

const std::string stand_in = "LD_LIBRARY_PATH=" CONVT_TEST_STAND_IN " CONVT_PTXAS= ";
const std::string an_a100 = stand_in + "CONVT_PTX_NAME='NVIDIA A100-SXM4-40GB'";
const std::string no_device = stand_in + "CONVT_PTX_DEVICES=0";

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("the fit finds the factors that made the times, and leaves bounds alone that never limit") {
    GpuCorrection truth;
    truth.factor = {1.3, 1.1, 1, 1, 1.6, 1, 2};
    std::vector<Measured> measured;
    for (const double size : {2.0, 4.0, 8.0, 16.0, 32.0}) {
        GpuLaunch idle;
        idle.blocks = 1080;
        idle.threads = 256;
        idle.registers = 64;
        GpuLaunch issued = idle, multiplied = idle, moved = idle;
        issued.instructions = 1e5 * size;
        multiplied.fmas = multiplied.instructions = 1e5 * size;
        moved.touched_bytes = 1e8 * size;
        for (const GpuLaunch& launch : {idle, issued, multiplied, moved})
            measured.push_back({launch, gpu_time(a100(), launch, truth).us});
    }
    const GpuCorrection fitted = tune::fit_correction(a100(), measured);
    for (std::size_t i = 0; i < gpu_bounds; ++i) {
        INFO(name_of(static_cast<GpuBound>(i)));
        CHECK(fitted.factor[i] == Approx(truth.factor[i]).epsilon(0.01));
    }
}

TEST_CASE("rank correlation: order alone counts, ties share their rank") {
    const std::vector<double> up{1, 2, 3, 4}, curve{1, 10, 100, 1e6}, down{4, 3, 2, 1}, tied{1, 1, 2, 2};
    CHECK(tune::rank_correlation(up, curve) == Approx(1));
    CHECK(tune::rank_correlation(up, down) == Approx(-1));
    CHECK(tune::rank_correlation(up, tied) == Approx(0.894).epsilon(0.001));
    CHECK(tune::rank_correlation({}, {}) == 0);
}

TEST_CASE("corrections are kept whole, and a hostile file is named") {
    const TemporaryFolder folder;
    GpuCorrection correction;
    correction.factor = {1, 2, 3, 4, 5, 6, 0.5};
    REQUIRE(cli::save_correction(folder.path(), a100(), correction).ok());
    CHECK(require_value(cli::load_correction(folder.path(), a100())).factor == correction.factor);
    CHECK(require_value(cli::load_correction(folder.path(), *find_gpu_device("t4"))).factor == GpuCorrection().factor);
    const std::string whole = contents(cli::correction_path(folder.path(), a100()));
    for (const std::string& text :
         {whole.substr(0, whole.size() / 2), std::string("issue\t-1\n"), whole + "more\t1\n"}) {
        std::ofstream(cli::correction_path(folder.path(), a100())) << text;
        CHECK(cli::load_correction(folder.path(), a100()).status().code() == Code::corrupt);
    }
}

TEST_CASE("rank_by_model: fastest first, all legal, never slower than the default") {
    const Target target = require_value(Target::parse("cuda-sm80"));
    const Problem problem = require_value(Problem::parse("convt2d_f32_ci64_co32_i16x16_k4x4_s2x2_p1x1"));
    const auto best = tune::rank_by_model(problem, target, a100(), {}, 5);
    REQUIRE(best.size() == 5);
    for (std::size_t i = 0; i < best.size(); ++i) {
        const auto& [strategy, schedule] = best[i].candidate;
        CHECK(check_schedule(strategy, problem, target, schedule).ok());
        if (i > 0) CHECK(best[i - 1].us <= best[i].us);
    }
    const Schedule usual = default_schedule("gpu_tiles", problem, target);
    CHECK(best[0].us <= gpu_time(a100(), gpu_launch("gpu_tiles", problem, target, usual)).us);
}

TEST_CASE("without a device: tuning and calibrating say so and end with 3; modelling goes on") {
    const GpuTune tune;
    for (const char* what : {"--calibrate", "--budget 1s"}) {
        const auto outcome = tune.run(no_device, what);
        CHECK(outcome.value == 3);
        CHECK_THAT(outcome.errors, ContainsSubstring("no CUDA device"));
    }
    const auto modelled = tune.run(no_device, "--model --device a100 h100");
    INFO(modelled.errors);
    REQUIRE(modelled.value == 0);
    CHECK_THAT(modelled.output, ContainsSubstring("tiny: a100: ") && ContainsSubstring(" us modelled, limited by "));
    REQUIRE(tune.rows().size() == 2);
    for (const TunedRow& row : tune.rows()) {
        CHECK(row.modelled);
        CHECK(row.median_us <= row.default_us);
        CHECK(find_gpu_device(row.cpu)->machine() == row.machine);
        CHECK_FALSE(row.versions.empty());
    }
    CHECK(tune.run(no_device, "--model --device t4").value == 2);  // does not run sm80
    CHECK(tune.run(no_device, "--device a100").value == 2);        // --model is missing
    CHECK(tune.run(no_device, "--model --calibrate").value == 2);
}

TEST_CASE("with a device: the model is corrected, the search measures, and its row comes before the modelled one") {
    const GpuTune tune;
    const auto unknown = tune.run(stand_in, "--calibrate");
    CHECK(unknown.value == 3);
    CHECK_THAT(unknown.errors, ContainsSubstring("convt PTX executor"));

    const auto calibrated = tune.run(an_a100, "--calibrate");
    INFO(calibrated.errors);
    REQUIRE(calibrated.value == 0);
    CHECK_THAT(calibrated.output, ContainsSubstring("rank correlation"));
    const std::string correction = contents(tune.db() + "/a100.correction");
    CHECK_THAT(correction, ContainsSubstring("launch\t"));
    REQUIRE(tune.run(an_a100, "--calibrate").value == 0);
    CHECK(contents(tune.db() + "/a100.correction") == correction);  // events are the device's own time

    REQUIRE(tune.run(an_a100, "--model --device a100").value == 0);
    const auto measured = tune.run(an_a100, "--budget 4s");
    INFO(measured.errors);
    REQUIRE(measured.value == 0);
    const std::vector<TunedRow> rows = tune.rows();
    REQUIRE(rows.size() == 2);
    const TunedRow& row = rows[rows[0].modelled ? 1 : 0];
    CHECK_FALSE(row.modelled);
    CHECK(row.cpu == "NVIDIA A100-SXM4-40GB");
    CHECK(row.median_us > 2.0);  // of the stand-in's launch
    const auto object = tune.shell(
        fmt::format("CONVT_PTXAS= {}/convt-cc {} --target cuda-sm80 --db {}", CONVT_TEST_BIN, tiny, tune.db()));
    const auto read = Object::deserialize(std::as_bytes(std::span(object.output.data(), object.output.size())));
    REQUIRE(read.status().message() == "");
    CHECK(read.value().info.schedule_source == "tuned");
    CHECK(read.value().info.schedule == row.schedule.text());
}

}  // namespace convt::test
