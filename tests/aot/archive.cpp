// SPDX-License-Identifier: Apache-2.0
#include "tests/aot/archive.h"

#include "compiler/worker/process.h"
#include "tests/support/data.h"
#include "tools/aot/aot.h"

#include <dlfcn.h>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <type_traits>
#include <utility>
#include <vector>

namespace convt::test {

namespace {

// More than any packing needs here: channels are padded to the vector width, at most.
constexpr std::size_t packed_slack = 16;
constexpr std::size_t packed_alignment = 64;

using Pack = int (*)(const void*, void*);

// A function of as many pointers as there are numbers.
template <std::size_t... I>
int call_with(void* entry, const std::vector<const void*>& p, std::index_sequence<I...>) {
    return reinterpret_cast<int (*)(std::conditional_t<(I < I + 1), const void*, void>...)>(entry)(p[I]...);
}

// x, weights, then bias and operands where there are any, y.
int call(void* entry, const std::vector<const void*>& pointers) {
    switch (pointers.size()) {
        case 3:
            return call_with(entry, pointers, std::make_index_sequence<3>());
        case 4:
            return call_with(entry, pointers, std::make_index_sequence<4>());
        case 5:
            return call_with(entry, pointers, std::make_index_sequence<5>());
        case 6:
            return call_with(entry, pointers, std::make_index_sequence<6>());
        default:
            FAIL("a problem with " << pointers.size() << " tensors: add it here");
            return -1;
    }
}

std::vector<const void*> pointers_of(const NamedProblem& problem, const Operands& operands, const void* weights,
                                     const void* y) {
    std::vector<const void*> pointers{operands.x.data(), weights};
    if (problem.problem.bias) pointers.push_back(operands.bias.data());
    for (const std::vector<std::byte>& operand : operands.epilogue)
        pointers.push_back(operand.data());
    pointers.push_back(y);
    return pointers;
}

}  // namespace

Ran run_program(const std::vector<std::string>& command) {
    std::vector<std::string> full = {"/usr/bin/env"};
    full.insert(full.end(), command.begin(), command.end());
    const auto outcome = process::run(full, {});
    if (!outcome.ok()) return {-1, "", outcome.status().message()};
    const bool exited = outcome.value().end == process::End::exited;
    return {exited ? outcome.value().value : 128 + outcome.value().value, outcome.value().output,
            outcome.value().errors};
}

Ran run_aot(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = aot::aot_main(arguments, out, err);
    return {code, out.str(), err.str()};
}

void put_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    REQUIRE(file.flush().good());
}

std::string get_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

void put_problems(const std::string& path, const std::vector<NamedProblem>& problems) {
    std::string text;
    for (const NamedProblem& problem : problems)
        text += problem.name + "\t" + problem.problem.text() + "\n";
    put_file(path, text);
}

NamedProblem named(const std::string& name, const std::string& problem) {
    auto parsed = Problem::parse(problem);
    INFO(problem << ": " << parsed.status().message());
    REQUIRE(parsed.ok());
    return {name, std::move(parsed).value(), ""};
}

Archive::Archive(const std::string& name, const std::vector<NamedProblem>& problems, const std::string& targets)
    : name_(name) {
    const std::string file = folder_.path() + "/" + name + ".tsv";
    put_problems(file, problems);
    const Ran ran = run_aot({"--problems", file, "--targets", targets, "--out", folder_.path(), "--untuned"});
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    listing_ = ran.out;
}

LoadedArchive::LoadedArchive(const Archive& archive) : name_(archive.name()) {
    const std::string shared = archive.folder() + "/lib" + name_ + ".so";
    const Ran linked = run_program({"cc", "-shared", "-o", shared, "-Wl,--fatal-warnings", "-Wl,-z,defs",
                                    "-Wl,--whole-archive", archive.library(), "-Wl,--no-whole-archive", "-pthread"});
    INFO(linked.err);
    REQUIRE(linked.code == 0);
    library_ = ::dlopen(shared.c_str(), RTLD_NOW | RTLD_LOCAL);
    INFO((library_ == nullptr ? ::dlerror() : ""));
    REQUIRE(library_ != nullptr);
}

LoadedArchive::~LoadedArchive() {
    if (library_ != nullptr) ::dlclose(library_);
}

void* LoadedArchive::symbol(const std::string& ending) const {
    const std::string name = name_ + "_" + ending;
    void* const found = ::dlsym(library_, name.c_str());
    INFO(name);
    REQUIRE(found != nullptr);
    return found;
}

int LoadedArchive::run(const NamedProblem& problem, const Operands& operands, std::vector<std::byte>& y) const {
    const std::unique_ptr<void, decltype(&std::free)> packed(
        std::aligned_alloc(packed_alignment,
                           packed_slack * operands.weights.size() / packed_alignment * packed_alignment +
                               packed_slack * packed_alignment),
        std::free);
    const int code = reinterpret_cast<Pack>(symbol(problem.name + "_pack"))(operands.weights.data(), packed.get());
    if (code != 0) return code;
    y.assign(bytes_of(problem.problem.types().output, problem.problem.output_shape()), std::byte{0xA5});
    return call(symbol(problem.name + "_run"), pointers_of(problem, operands, packed.get(), y.data()));
}

int LoadedArchive::run_unpacked(const NamedProblem& problem, const Operands& operands,
                                std::vector<std::byte>& y) const {
    y.assign(bytes_of(problem.problem.types().output, problem.problem.output_shape()), std::byte{0xA5});
    return call(symbol(problem.name + "_run_unpacked"),
                pointers_of(problem, operands, operands.weights.data(), y.data()));
}

int LoadedArchive::call_run(const NamedProblem& problem, const void* x, const void* packed, const void* bias,
                            void* y) const {
    std::vector<const void*> pointers{x, packed, y};
    if (problem.problem.bias) pointers.insert(pointers.begin() + 2, bias);
    return call(symbol(problem.name + "_run"), pointers);
}

std::string LoadedArchive::target() const {
    const char* text = reinterpret_cast<const char* (*)()>(symbol("target"))();
    return text == nullptr ? "" : text;
}

std::string LoadedArchive::last_error() const {
    return reinterpret_cast<const char* (*)()>(symbol("last_error"))();
}

void LoadedArchive::set_threads(int threads) const {
    reinterpret_cast<void (*)(int)>(symbol("set_threads"))(threads);
}

}  // namespace convt::test
