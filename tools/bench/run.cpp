// SPDX-License-Identifier: Apache-2.0
// Compiles every case through the worker, then goes round all cases several times, one process a case, so that a slow
// minute of the machine falls on all cases alike. A peer has its turn at a case right after convt, in a process that
// serves it for one round; convt's default schedules have theirs first. How one process measures is measure.cpp.
#include "tools/bench/run.h"

#include "tools/bench/case.h"
#include "tools/bench/case_compiler.h"
#include "tools/bench/comparison.h"
#include "tools/bench/journal.h"
#include "tools/bench/peers.h"
#include "tools/bench/picture.h"
#include "tools/bench/roofline.h"
#include "tools/common/files.h"
#include "tools/common/interrupt.h"
#include "tools/common/progress.h"
#include "tools/common/temporary_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace convt::cli {

namespace {

// measure.cpp says why several. With peers fewer: a dozen libraries at 49 layers take a quarter of an hour.
constexpr int processes_alone = 5;
constexpr int processes_with_peers = 3;
constexpr std::uint64_t seed = 1;

class Bench {
  public:
    Bench(const BenchOptions& options, std::ostream& out, std::ostream& err)
        : options_(options),
          out_(out),
          err_(err),
          progress_(err),
          processes_(options.peers.empty() ? processes_alone : processes_with_peers),
          limits_(options.threads) {}

    Status run() {
        if (!folder_.status().ok()) return folder_.status();
        Status status = find_peers();
        if (status.ok()) status = compile_all();
        if (status.ok()) status = open_journal();
        if (!status.ok()) return status;
        measure_machine();
        for (int round = 0; round < processes_ && status.ok() && !interrupted(); ++round)
            status = measure_all(round);
        if (interrupted()) {
            return {Code::interrupted, fmt::format("interrupted; --resume goes on from {}", journal_path())};
        }
        progress_.clear();
        return status.ok() ? finish() : status;
    }

  private:
    std::string journal_path() const { return options_.json + ".journal"; }

    void step(const std::string& what, const std::string& name) {
        const auto turns = processes_ * (1 + static_cast<double>(machine_.peers.size())) + 2;
        progress_.update(steps_++ / (static_cast<double>(options_.problems.size()) * turns), what + " " + name);
    }

    void fail(Case& failed, const Status& status) {
        if (!failed.status.ok()) return;
        failed.status = status;
        say(failed.report.name + ": " + status.message());
    }

    void say(const std::string& text) {
        progress_.clear();
        err_ << "convt-bench: " << text << '\n';
    }

    Status find_peers() {
        machine_ = describe_machine(options_.threads, processes_, seed);
        std::vector<std::string> libraries = options_.peers;
        const bool untuned = std::erase(libraries, untuned_peer) > 0;
        if (!libraries.empty()) {
            auto found = Peers::find(libraries, options_.threads, folder_.path());
            if (!found.ok()) return found.status();
            peers_.emplace(std::move(found).value());
            machine_.peers = peers_->all();
        }
        // The first: next to what it is compared with, so that the machine changes least in between.
        if (untuned) machine_.peers.insert(machine_.peers.begin(), {untuned_peer, convt::version(), PeerLayout::own});
        return {};
    }

    bool measures_default() const { return !machine_.peers.empty() && !machine_.peers.front().rival(); }
    TunedOptions default_schedules() const {
        TunedOptions tuned = options_.tuned;
        tuned.untuned = true;
        return tuned;
    }

    Status compile_all() {
        auto compiler = CaseCompiler::create(folder_.path(), options_.tuned, options_.target);
        if (!compiler.ok()) return compiler.status();
        if (!options_.problems.empty()) {
            Status warm = compiler.value().warm_up(options_.problems.front().problem);
            if (!warm.ok()) return warm;
        }
        for (const NamedProblem& named : options_.problems) {
            step("compiling", named.name);
            if (interrupted()) break;
            cases_.push_back({});
            Case& c = cases_.back();
            c.report.name = named.name;
            c.report.problem = named.problem;
            const auto compiled = compiler.value().compile(named.problem);
            if (compiled.ok()) {
                describe(c, compiled.value());
            } else {
                fail(c, compiled.status());
            }
        }
        return measures_default() ? compile_defaults() : Status();
    }

    Status compile_defaults() {
        auto compiler = CaseCompiler::create(folder_.path(), default_schedules(), options_.target);
        if (!compiler.ok()) return compiler.status();
        for (Case& c : cases_) {
            if (interrupted() || !c.status.ok()) continue;
            const auto compiled = compiler.value().compile(c.report.problem);
            if (compiled.ok()) {
                c.default_fingerprint = compiled.value().fingerprint;
            } else {
                fail(c, compiled.status());
            }
        }
        return {};
    }

    void describe(Case& described, const CompiledCase& compiled) {
        const ObjectInfo& info = compiled.kernel->info();
        machine_.compiler = info.compiler;
        CaseReport& report = described.report;
        report.target = info.target;
        report.threads = options_.threads;
        report.strategy = info.strategy;
        report.schedule_source = info.schedule_source;
        report.compile_ms = compiled.compile_ms;
        report.admission_ms = info.admission_ms;
        report.code_bytes = static_cast<std::int64_t>(compiled.kernel->code_bytes());
        report.packed_bytes = info.packed_bytes();
        described.fingerprint = compiled.fingerprint;
    }

    // What must be the same for times to go into one table.
    Status open_journal() {
        const nlohmann::ordered_json head = {{"cpu", machine_.cpu},
                                             {"target", options_.target.text()},
                                             {"threads", options_.threads},
                                             {"processes", processes_},
                                             {"seed", seed}};
        auto opened = Journal::open(journal_path(), head.dump(), options_.resume);
        if (!opened.ok()) return opened.status();
        journal_.emplace(std::move(opened).value());
        return {};
    }

    // The machine's limits, before anything is timed against them.
    void measure_machine() {
        for (Case& c : cases_) {
            if (interrupted()) return;
            step("measuring the roofline of", c.report.name);
            if (c.status.ok()) measure_roofline(c.report);
        }
    }

    void measure_roofline(CaseReport& report) {
        const Roofline roofline = limits_.of(report.problem, options_.target);
        const bool single = element_type_info(report.problem.types().sum).scalar_bytes == 4;
        (single ? machine_.f32_gflops : machine_.f64_gflops) = roofline.peak_gflops;
        report.roofline_us = roofline.us();
        report.bandwidth_gbs = roofline.bandwidth_gbs();
    }

    // A status where the run cannot go on.
    Status measure_all(int round) {
        if (peers_) peers_->restart();
        for (Case& c : cases_) {
            if (interrupted()) return {};
            Status status = measure_case(c, round);
            for (const Peer& peer : machine_.peers) {
                if (!status.ok() || !c.status.ok() || interrupted()) break;
                step(fmt::format("round {} of {}: {},", round + 1, processes_, c.report.name), peer.name);
                status = peer.rival() ? measure_peer(c, peer, round) : measure_default(c, peer, round);
            }
            if (!status.ok()) return status;
        }
        return {};
    }

    // One process of convt's own. Noted by its kernel: where the default is what the table chose, or there is no table,
    // one measurement serves both, for they are one. Code::io_error where the run cannot go on.
    Result<Measurement> measure_kernel(const Problem& problem, const std::string& fingerprint,
                                       const TunedOptions& tuned, int round) {
        const std::string key = fmt::format("{} convt {} {}", round, problem.text(), fingerprint);
        if (const auto noted = journal_->find(key)) return Measurement::parse(*noted);
        auto measured = measure_in_process({problem, options_.target, tuned, folder_.path(), options_.threads, seed,
                                            seed + static_cast<unsigned>(round)});
        const Status noted = measured.ok() ? journal_->note(key, measured.value().text()) : Status();
        return noted.ok() ? measured : noted;
    }

    Status measure_case(Case& c, int round) {
        step(fmt::format("round {} of {}:", round + 1, processes_), c.report.name);
        if (!c.status.ok()) return {};
        const auto measured = measure_kernel(c.report.problem, c.fingerprint, options_.tuned, round);
        if (measured.ok()) c.add(measured.value());
        return judge(c, measured);
    }

    Status measure_default(Case& c, const Peer& peer, int round) {
        const auto measured = measure_kernel(c.report.problem, c.default_fingerprint, default_schedules(), round);
        if (measured.ok()) c.add(peer, {measured.value().median_us, measured.value().wrong});
        return judge(c, measured);
    }

    // What is wrong with convt fails the case, whichever schedule it is.
    Status judge(Case& c, const Result<Measurement>& measured) {
        if (measured.status().code() == Code::io_error) return measured.status();
        if (!measured.ok()) {
            if (!interrupted()) fail(c, measured.status());
        } else if (!measured.value().wrong.empty()) {
            fail(c, Status(Code::wrong_result, measured.value().wrong));
        }
        return {};
    }

    Status measure_peer(Case& c, const Peer& peer, int round) {
        if (!c.report.peers[peer.name].missing.empty()) return {};  // asked once is enough
        const Problem& problem = c.report.problem;
        const std::string key = fmt::format("{} {} {} {}", round, peer.name, peer.version, problem.text());
        const auto noted = journal_->find(key);
        if (!noted) {
            if (Status status = peers_->set_problem(problem, seed); !status.ok()) return status;
        }
        const auto measured =
            noted ? PeerMeasurement::parse(*noted) : peers_->measure(peer, seed + static_cast<unsigned>(round));
        if (!measured.ok()) return measured.status();
        const std::string& missing = measured.value().missing;
        c.add(peer, measured.value());
        if (!missing.empty() && !peer.version.empty()) {
            say(fmt::format("{}: {}: {}", c.report.name, peer.name, missing));
        }
        return noted ? Status() : journal_->note(key, measured.value().text());
    }

    // Reports what was measured; the first failure decides the exit code.
    Status finish() {
        std::vector<CaseReport> reports;
        Status first;
        std::size_t failed = 0;
        for (Case& c : cases_) {
            if (!c.status.ok() && failed++ == 0) first = c.status;
            if (c.medians_us.empty()) continue;
            c.summarize();
            reports.push_back(c.report);
        }
        print_table(out_, machine_, reports);
        if (!machine_.peers.empty()) print_comparison(out_, machine_, reports);
        if (Status status = write_file(options_.json, report_json(machine_, reports)); !status.ok()) return status;
        if (failed > 0) return {first.code(), fmt::format("{} of {} cases failed", failed, cases_.size())};
        journal_->remove();
        return options_.picture.empty() ? Status() : draw_picture(options_.json, options_.picture);
    }

    const BenchOptions& options_;
    std::ostream& out_;
    std::ostream& err_;
    Progress progress_;
    const int processes_;
    int steps_ = 0;
    const TemporaryFolder folder_;  // the kernels, and what passes between us and the peers
    std::optional<Peers> peers_;
    std::optional<Journal> journal_;
    std::vector<Case> cases_;
    MachineReport machine_;
    Limits limits_;
};

}  // namespace

Status run_bench(const BenchOptions& options, std::ostream& out, std::ostream& err) {
    return Bench(options, out, err).run();
}

}  // namespace convt::cli
