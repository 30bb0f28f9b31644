// SPDX-License-Identifier: Apache-2.0
// The machine as schedules see it: what a tuned row was measured on, and how near another machine is to it. Nearness
// goes by what decides how a kernel runs, never by a CPU's name.
#pragma once

#include "convt/export.h"
#include "convt/status.h"

#include <string>
#include <string_view>

namespace convt {

// Text: `vector=64,registers=32,l1=48,l2=1024,l3=32768,cores=2`, all of them, in this order.
struct CONVT_API Machine {
    int vector_bytes = 0;  // of the widest vectors the CPU has, whatever the target
    int registers = 0;     // of that width
    int l1_kib = 0;        // data cache of a core; 0: not known
    int l2_kib = 0;
    int l3_kib = 0;  // shared
    int cores = 0;   // that the process may use

    static Result<Machine> parse(std::string_view text);
    std::string text() const;
    // This one, read once.
    static const Machine& host();
    // What default schedules are made for where the machine is not known: ahead of time.
    static const Machine& reference();
    bool operator==(const Machine&) const = default;
};

// 0 for the same machine. Each feature counts the doublings between the two, times how much schedules depend on it.
CONVT_API double distance(const Machine& a, const Machine& b) noexcept;

// Model name of this machine's CPU, for the reader.
CONVT_API const std::string& host_cpu_name();

}  // namespace convt
