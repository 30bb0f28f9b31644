// SPDX-License-Identifier: Apache-2.0
// Problems as data: what lies in tests/cases/.
#pragma once

#include "convt/problem.h"
#include "tests/support/oracle.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace convt::test {

// A worked example of cases/seeds.json: known input, parameters and output.
struct SeedCase {
    std::string id;  // a C identifier, unique
    Problem problem;
    bool unbatched = false;  // the example's tensors have no batch dimension
    Operands operands;
    std::vector<double> y;              // scalars, full precision, channels first
    std::vector<double> printed;        // what the document shows: a beginning of y, or nothing
    std::string printed_format;         // "4 decimals", "5 significant digits" or empty
    std::optional<std::uint32_t> init;  // seed of init_uniform, where the parameters come from it
};

// In the file's order. A file that cannot be read or parsed throws: the test fails by name.
std::vector<SeedCase> seed_cases();

// Nothing where `output` (raw elements) is the case's y within the bound that y's terms allow (both sides may be off by
// it: the file's values were computed in the type itself), and prints as the document does; else what differs.
std::optional<std::string> seed_mismatch(const SeedCase& seed, const std::vector<std::byte>& output);

// The text of cases/<name>. Throws where there is none.
std::string read_case_file(const std::string& name);

// The problems of cases/<file>: edge.tsv, models.tsv.
std::vector<NamedProblem> problem_cases(const std::string& file);

}  // namespace convt::test
