// SPDX-License-Identifier: Apache-2.0
// JSON is read with nlohmann-json (Debian): the one JSON file of the project that is read, and only by tests.
#include "tests/support/cases.h"

#include "tests/support/data.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace convt::test {
namespace {

using Json = nlohmann::json;

ProblemType type_named(const std::string& name) {
    for (const ProblemTypeInfo& type : problem_types()) {
        if (name == type.name) return type.type;
    }
    throw std::runtime_error("seeds.json: no problem type " + name);
}

std::vector<double> numbers(const Json& json) {
    return json.is_null() ? std::vector<double>{} : json.get<std::vector<double>>();
}

Problem problem_of(const Json& c) {
    const auto x = c.at("x_shape").get<std::vector<std::int64_t>>();
    const auto w = c.at("w_shape").get<std::vector<std::int64_t>>();
    Problem p;
    p.rank = c.at("rank").get<int>();
    p.type = type_named(c.at("dtype").get<std::string>());
    const std::size_t lead = x.size() - static_cast<std::size_t>(p.rank);  // dimensions before the spatial ones
    p.batch = lead == 2 ? x[0] : 1;
    p.in_channels = x[lead - 1];
    p.groups = c.at("groups").get<std::int64_t>();
    p.out_channels = w[1] * p.groups;
    p.bias = !c.at("bias").is_null();
    for (int i = 0; i < p.rank; ++i) {
        Axis& a = p.axes[i];
        a.input = x[lead + static_cast<std::size_t>(i)];
        a.kernel = w[2 + static_cast<std::size_t>(i)];
        a.stride = c.at("stride").get<std::int64_t>();
        a.pad_low = a.pad_high = c.at("padding").get<std::int64_t>();
        a.output_padding = c.at("output_padding").get<std::int64_t>();
        a.dilation = c.at("dilation").get<std::int64_t>();
    }
    return p;
}

SeedCase seed_case(const Json& c) {
    SeedCase seed;
    seed.id = c.at("id").get<std::string>();
    seed.problem = problem_of(c);
    const ProblemTypeInfo& types = seed.problem.types();
    seed.unbatched = c.at("x_shape").size() + 1 == c.at("w_shape").size();
    seed.operands.x = from_scalars(types.input, numbers(c.at("x")));
    seed.operands.weights = from_scalars(types.weights, numbers(c.at("w")));
    seed.operands.bias = from_scalars(types.sum, numbers(c.at("bias")));
    seed.y = numbers(c.at("y"));
    seed.printed = numbers(c.at("printed"));
    if (!seed.printed.empty()) seed.printed_format = c.at("printed_format").get<std::string>();
    if (c.contains("init")) seed.init = c.at("init").at("seed").get<std::uint32_t>();
    return seed;
}

// As PyTorch and NumPy print: "4 decimals" rounds behind the point, "5 significant digits" is scientific.
std::string print(double value, const std::string& format) {
    if (format == "4 decimals") return fmt::format("{:.4f}", value + 0.0);
    if (format == "5 significant digits") return fmt::format("{:.4e}", value);
    throw std::runtime_error("seeds.json: no printed format " + format);
}

}  // namespace

std::string read_case_file(const std::string& name) {
    const std::string path = std::string(CONVT_TEST_CASES) + "/" + name;
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot open " + path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<SeedCase> seed_cases() {
    std::vector<SeedCase> seeds;
    const Json file = Json::parse(read_case_file("seeds.json"));
    for (const Json& c : file.at("cases"))
        seeds.push_back(seed_case(c));
    return seeds;
}

std::optional<std::string> seed_mismatch(const SeedCase& seed, const std::vector<std::byte>& output) {
    const std::vector<double> got = to_scalars(seed.problem.types().output, output);
    if (got.size() != seed.y.size()) return fmt::format("{} scalars, y has {}", got.size(), seed.y.size());
    const Reference reference = oracle(seed.problem, seed.operands);
    const auto parts = static_cast<std::size_t>(seed.problem.types().parts());
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double bound = 2 * error_bound(seed.problem, reference, i / parts);
        if (!(std::abs(got[i] - seed.y[i]) <= bound)) {
            return fmt::format("{}: scalar {} is {:.17g}, y has {:.17g} (bound {:.3g})", seed.id, i, got[i], seed.y[i],
                               bound);
        }
        if (i >= seed.printed.size()) continue;
        const std::string shown = print(got[i], seed.printed_format);
        const std::string wanted = print(seed.printed[i], seed.printed_format);
        if (shown != wanted) return fmt::format("{}: scalar {} prints {}, not {}", seed.id, i, shown, wanted);
    }
    return std::nullopt;
}

std::vector<NamedProblem> problem_cases(const std::string& file) {
    Result<std::vector<NamedProblem>> problems = parse_problem_file(read_case_file(file));
    if (!problems.ok()) throw std::runtime_error(file + ": " + problems.status().message());
    return std::move(problems).value();
}

}  // namespace convt::test
