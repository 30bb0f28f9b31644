// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_compiler.h"

#include "runtime/target/dot_product.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

namespace convt::test {
namespace {

std::vector<std::byte> read_code(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

}  // namespace

Problem fake_problem(std::int64_t extent) {
    Problem problem;
    problem.rank = 1;
    problem.axes[0].input = extent;
    return problem;
}

Object fake_object(const Problem& problem, const Target& target, const FakeOptions& options) {
    Object object;
    object.info.problem = problem.text();
    object.info.target = relevant_target(problem, target).text();
    object.info.features = options.features;
    object.info.strategy = "fake";
    object.info.schedule_source = "default";
    object.info.compiler = options.fingerprint;
    object.info.symbol = "convt_fake";
    object.info.packed_extents = {1};
    object.info.admitted = options.admitted;
    object.code = read_code(options.wrong ? CONVT_FAKE_WRONG_KERNEL : CONVT_FAKE_KERNEL);
    if (!options.links) object.code.assign(64, std::byte{0});
    return object;
}

Result<std::string> FakeCompiler::fingerprint(const Problem&, const Target&) {
    return options.fingerprint;
}

Result<Object> FakeCompiler::compile(const Problem& problem, const Target& target) {
    ++compiles;
    if (!options.log.empty()) std::ofstream(options.log, std::ios::app) << 'c';
    std::this_thread::sleep_for(std::chrono::milliseconds(options.milliseconds));
    if (!options.error.ok()) return options.error;
    return fake_object(problem, target, options);
}

}  // namespace convt::test
