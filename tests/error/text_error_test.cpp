// SPDX-License-Identifier: Apache-2.0
// Targets, schedules and tuned tables that are refused, and the table of codes.
#include "convt/target.h"
#include "convt/tuned.h"

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>

namespace convt::test {
namespace {

void check_message(const Status& status, Code code, std::initializer_list<std::string_view> parts) {
    INFO(status.message());
    CHECK(status.code() == code);
    for (const std::string_view part : parts) {
        INFO("expected `" << part << "`");
        CHECK(status.message().find(part) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("targets: an unknown one is refused with the list of those there are") {
    for (const char* text : {"", "x86-64", "X86-64-v3", "x86-64-v3 ", "znver5", "cuda-sm20", "hosts"}) {
        const Status status = Target::parse(text).status();
        check_message(status, Code::unknown_target, {std::string("target `") + text + "`", "host"});
        for (const TargetInfo& row : targets())
            check_message(status, Code::unknown_target, {row.name});
    }
    for (const char* feature : {"", "avx3", "AVX2", "-avx2", "avx512_skylake"}) {
        const Status status = Target::parse(std::string("x86-64-v3+fma+") + feature).status();
        check_message(status, Code::unknown_target, {std::string("feature `") + feature + "`", "x86-64-v3"});
        for (const FeatureInfo& row : cpu_features())
            check_message(status, Code::unknown_target, {row.name});
    }
    check_message(Target::parse("aarch64+avx2").status(), Code::unknown_target,
                  {"`avx2`", "aarch64", "there are none"});
    check_message(Target::parse("bad\x1b[2J").status(), Code::unknown_target, {"`bad?[2J`"});
}

TEST_CASE("schedules: each error names the knob and its column") {
    const struct {
        const char* text;
        std::initializer_list<std::string_view> parts;
    } rows[] = {
        {"tx", {"`tx`", "column 1", "name=value"}},
        {"tx=1,", {"``", "column 6", "name=value"}},
        {",tx=1", {"``", "column 1", "name=value"}},
        {"=1", {"`=1`", "column 1", "name=value"}},
        {"Tx=1", {"`Tx=1`", "column 1", "name=value"}},
        {"tx=1,2y=1", {"`2y=1`", "column 6", "name=value"}},
        {"tx=1,tx=1", {"`tx=1`", "column 6", "given twice"}},
        {"tx=", {"`tx=`", "column 1", "decimal"}},
        {"tx=-1", {"`tx=-1`", "column 1", "decimal"}},
        {"tx=01", {"`tx=01`", "column 1", "decimal"}},
        {"tx=1 ", {"`tx=1 `", "column 1", "decimal"}},
        {"tx=2147483648", {"`tx=2147483648`", "column 1", "2147483647"}},
    };
    for (const auto& row : rows)
        check_message(Schedule::parse(row.text).status(), Code::invalid_argument, row.parts);
}

TEST_CASE("tuned tables: each error names the line, the field and the rule") {
    const std::string good =
        "convt1d_f32_ci1_co1_i1_k1\tlanes\ttx=2\t1.5\t1\t2\t3\t2026-01-31\tconvt 0.1.0\tA CPU\t"
        "vector=32,registers=16,l1=32,l2=256,l3=8192,cores=4\n";
    REQUIRE(TunedTable::parse(good).ok());
    const auto with = [&good](std::string_view old, std::string_view text) {
        std::string changed = good;
        return changed.replace(changed.find(old), old.size(), text);
    };
    const struct {
        std::string text;
        std::initializer_list<std::string_view> parts;
    } rows[] = {
        {good + "# comment\n\nx\n", {"line 4", "fields: 1 where 11"}},
        {with("A CPU", "A CPU\tmore"), {"line 1", "fields: 12 where 11"}},
        {with("convt1d", "convt7d"), {"line 1", "problem:", "`convt7d`"}},
        {with("_ci1", "_n1_ci1"), {"line 1", "problem:", "canonical: convt1d_f32_ci1_co1_i1_k1"}},
        {with("lanes", ""), {"line 1", "strategy:", "empty"}},
        {with("tx=2", "tx"), {"line 1", "schedule:", "`tx`"}},
        {with("1.5", "fast"), {"line 1", "median_us:", "finite number"}},
        {with("\t1\t", "\t-1\t"), {"line 1", "low_us:", "finite number"}},
        {with("\t2\t", "\tinf\t"), {"line 1", "high_us:", "finite number"}},
        {with("\t3\t", "\t3us\t"), {"line 1", "default_us:", "finite number"}},
        {with("2026-01-31", "31.1.2026"), {"line 1", "date:", "YYYY-MM-DD"}},
        {with("vector", "lanes"), {"line 1", "machine:", "vector=N", "in the order of vector=0,registers=0"}},
        {with("l2=256", "l2=big"), {"line 1", "machine:", "l2=N"}},
        {with("l2=256", "l2=-1"), {"line 1", "machine:", "l2=N"}},
        {with("cores=4", "cores=4,more=1"), {"line 1", "machine:", "nothing may follow"}},
        {good + good, {"line 2", "problem:", "given twice"}},
    };
    for (const auto& row : rows)
        check_message(TunedTable::parse(row.text).status(), Code::invalid_argument, row.parts);
}

TEST_CASE("codes: names are unique, and each has one of the exit codes of the contract") {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(Code::internal); ++code) {
        CHECK(names.insert(code_name(Code{code})).second);
        CHECK(std::set{0, 1, 2, 3, 4, 130}.contains(exit_code(Code{code})));
        CHECK((exit_code(Code{code}) == 0) == (Code{code} == Code::ok));
    }
}

}  // namespace convt::test
