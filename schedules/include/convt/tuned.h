// SPDX-License-Identifier: Apache-2.0
// The data base of tuned schedules: one file a target, `<dir>/<target>.tsv`, one row a problem and machine, with
// provenance. Written by convt-tune alone.
#pragma once

#include "convt/export.h"
#include "convt/machine.h"
#include "convt/schedule.h"

#include <string>
#include <string_view>
#include <vector>

namespace convt {

struct TunedRow {
    std::string problem;  // canonical text
    std::string strategy;
    Schedule schedule;
    double median_us = 0;  // of the kernel with this schedule, warm; of a CPU's, on one thread
    double low_us = 0;     // interval of the median
    double high_us = 0;
    double default_us = 0;  // median of the default schedule in the same run
    std::string date;       // UTC, 2026-01-31
    std::string versions;   // convt and compiler
    std::string cpu;        // model name of the CPU or GPU, for the reader
    Machine machine = {};
    bool modelled = false;  // nobody measured: the times are an analytic model's
    bool operator==(const TunedRow&) const = default;
    // Nothing that was tried took the place of the default, which was measured.
    bool keeps_default() const noexcept { return default_us > 0 && median_us == default_us; }
};

// A table in memory. Lines that cannot be read are refused, named by number; nothing is lost: the file stays as it is.
class CONVT_API TunedTable {
  public:
    static Result<TunedTable> parse(std::string_view text);
    // A missing file is an empty table.
    static Result<TunedTable> load(const std::string& path);
    std::string text() const;  // sorted: the same rows give the same bytes
    // Written to a temporary file in the same folder, synced, then renamed.
    Status save(const std::string& path) const;
    // Rows of a problem, measured ones before modelled ones, each from the machine nearest to `machine` outwards; of
    // equally near ones the newest first.
    std::vector<TunedRow> find(std::string_view problem, const Machine& machine) const;
    // In place of the row of the same problem, machine and CPU that was measured or modelled as this one was, if there
    // is one.
    void put(TunedRow row);
    // Rows of both tables; of two for the same problem, machine and CPU the newer, then the faster one. In whatever
    // order tables are merged, the result is the same.
    void merge(const TunedTable& other);
    const std::vector<TunedRow>& rows() const noexcept { return rows_; }

  private:
    bool has(const TunedRow& row) const noexcept;

    std::vector<TunedRow> rows_;  // by problem, machine, CPU
};

// Where schedules are looked up: `db_dir` first, then the shipped tables. `untuned` ignores both. What is in neither
// gets a default schedule, for this machine's caches or, for code that goes elsewhere, those of Machine::reference().
struct TunedOptions {
    std::string db_dir;  // empty: default_db_dir()
    bool untuned = false;
    bool any_machine = false;
    const Machine& machine() const noexcept { return any_machine ? Machine::reference() : Machine::host(); }
};
CONVT_API std::string
default_db_dir();  // $XDG_DATA_HOME/convt/tuned, or $HOME/.local/share/convt/tuned; empty where neither is set
CONVT_API std::string tuned_path(const std::string& dir, const Target& target);
// The rows for this problem on this target in the order in which they count: measured ones before modelled ones, which
// no CPU's target has; of either those of `db_dir` before the shipped ones, and in each those of the nearest machine
// first: of a GPU's target, the nearest to the first device of its capability in schedules/gpu_device.cpp. Tables are
// read once per process and again when their file changed. Of a CPU's target, rows of other machines that keep the
// default are left out. Thread-safe.
CONVT_API Result<std::vector<TunedRow>> find_tuned(const Problem& problem, const Target& target,
                                                   const TunedOptions& options);

}  // namespace convt
