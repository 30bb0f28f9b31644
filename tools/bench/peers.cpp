// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/peers.h"

#include "compiler/worker/process.h"
#include "runtime/problem/epilogue.h"
#include "runtime/problem/tokens.h"
#include "tools/bench/environment.h"
#include "tools/common/files.h"
#include "tools/common/interrupt.h"
#include "tools/common/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace convt::cli {

namespace {

using Json = nlohmann::ordered_json;

// Loading a library cold takes up to half a minute; compiling one layer took a library 70 s.
constexpr int load_limit_ms = 60'000;
constexpr int problem_limit_ms = 120'000;
constexpr std::int64_t compared_outputs = 1000;

// What worker.py --list says.
Result<Json> listed(const std::string& python, const std::string& worker) {
    const auto outcome = process::run({python, worker, "--list"}, {});
    if (!outcome.ok()) return outcome.status();
    const auto& [end, value, output, errors] = outcome.value();
    Json list = Json::parse(output, nullptr, false);
    if (end == process::End::exited && value == 0 && list.is_object()) return list;
    return Status(Code::unsupported, fmt::format("peers: {} {} --list: {}", python, worker, errors));
}

Peer peer_of(const std::string& name, const Json& entry) {
    const std::string layout = entry.value("layout", "");
    return {name, entry["version"].is_string() ? entry["version"].get<std::string>() : "",
            layout == "first"  ? PeerLayout::first
            : layout == "last" ? PeerLayout::last
                               : PeerLayout::any};
}

Json problem_json(const Problem& problem) {
    Json axes = Json::array();
    for (std::size_t a = 0; a < static_cast<std::size_t>(problem.rank); ++a) {
        const Axis& axis = problem.axes[a];
        axes.push_back({{"input", axis.input},
                        {"kernel", axis.kernel},
                        {"stride", axis.stride},
                        {"pad_low", axis.pad_low},
                        {"pad_high", axis.pad_high},
                        {"output_padding", axis.output_padding},
                        {"dilation", axis.dilation},
                        {"output", axis.output()}});
    }
    Json epilogue = Json::array();
    for (const EpilogueOp& op : problem.epilogue)
        epilogue.push_back({{"kind", find_epilogue_row(op.kind)->name}, {"slope", op.values[0]}});
    const Problem gather = problem.gathered();
    return {{"rank", problem.rank},
            {"pass", problem_text::pass_word(problem.pass)},
            {"type", problem.types().name},
            {"input_zero", problem.input_zero},
            {"batch", problem.batch},
            {"in_channels", problem.in_channels},
            {"out_channels", problem.out_channels},
            {"groups", problem.groups},
            {"x_last", gather.input_layout == Layout::channels_last},
            {"y_last", gather.output_layout == Layout::channels_last},
            {"folds", problem.padding_mode != PaddingMode::zeros},
            {"axes", axes},
            {"epilogue", epilogue}};
}

Status write_npy(const std::string& path, ElementType type, const Tensor& tensor) {
    return write_file(path, format_npy(type, tensor.shape(), tensor.data()));
}

PeerMeasurement missing(const std::string& why) {
    return {0.0, why};
}

}  // namespace

std::string PeerMeasurement::text() const {
    return (missing.empty() ? Json{{"median_us", median_us}} : Json{{"missing", missing}})
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<PeerMeasurement> PeerMeasurement::parse(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_object() && json.contains("missing") && json["missing"].is_string() && json["missing"] != "") {
        return cli::missing(json["missing"].get<std::string>());
    }
    if (json.is_object() && json.contains("median_us") && json["median_us"].is_number() && json["median_us"] > 0.0) {
        return PeerMeasurement{json["median_us"].get<double>(), ""};
    }
    return Status(Code::internal, fmt::format("\"{}\" is neither a time nor a reason", text));
}

Result<Peers> Peers::find(const std::vector<std::string>& names, int threads, const std::string& work) {
    const auto python = peers_python();
    if (!python.ok()) return python.status();
    const auto worker = bench_script("peers/worker.py");
    if (!worker.ok()) return worker.status();
    const auto list = listed(python.value(), worker.value());
    if (!list.ok()) return list.status();
    Peers peers;
    peers.command_ = {python.value(), worker.value()};
    peers.threads_ = threads;
    peers.work_ = work;
    std::vector<std::string> known = {"all", untuned_peer};
    for (const auto& [name, entry] : list.value().items()) {
        known.push_back(name);
    }
    for (const std::string& name : names) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return Status(Code::invalid_argument,
                          fmt::format("--peers: no \"{}\" among {}", name, fmt::join(known, ", ")));
        }
        for (const auto& [key, entry] : list.value().items()) {
            if (name != key && (name != "all" || !entry.value("compared", true))) continue;
            const auto same = [&key = key](const Peer& peer) { return peer.name == key; };
            if (std::none_of(peers.all_.begin(), peers.all_.end(), same)) peers.all_.push_back(peer_of(key, entry));
        }
    }
    return peers;
}

Status Peers::set_problem(const Problem& problem, std::uint64_t data_seed) {
    if (problem_ == problem && data_seed_ == data_seed) return {};
    problem_.reset();  // until all is written
    inputs_ = std::make_unique<const Inputs>(problem, data_seed);
    Status status = write_npy(work_ + "/x.npy", problem.types().input, inputs_->x);
    if (status.ok()) status = write_npy(work_ + "/w.npy", problem.types().weights, inputs_->w);
    if (status.ok()) status = write_npy(work_ + "/bias.npy", problem.types().sum, inputs_->bias);
    if (!status.ok()) return status;
    problem_ = problem;
    data_seed_ = data_seed;
    return {};
}

// The worker's line. A worker that did not answer is gone; the next problem gets a new one.
Result<std::string> Peers::answer(const Peer& peer) {
    std::unique_ptr<Conversation>& conversation = running_[peer.name];
    if (!conversation) {
        auto started = Conversation::start({command_[0], command_[1], peer.name, std::to_string(threads_), work_},
                                           fmt::format("{}/{}.log", work_, peer.name));
        if (!started.ok()) return started.status();
        conversation = std::move(started).value();
        auto hello = conversation->listen(load_limit_ms, interrupt_flag());
        if (!hello.ok() || hello.value().find("\"missing\"") != std::string::npos) {
            running_.erase(peer.name);
            return hello;
        }
    }
    const Json request = {
        {"problem", problem_json(*problem_)}, {"bias", problem_->bias}, {"folder", work_}, {"y", work_ + "/y.npy"}};
    auto answered = conversation->ask(request.dump(), problem_limit_ms, interrupt_flag());
    if (!answered.ok()) running_.erase(peer.name);
    return answered;
}

// The answer, if the outputs that came with it are right.
PeerMeasurement Peers::checked(const std::string& answer, std::uint64_t sample_seed) const {
    auto measured = PeerMeasurement::parse(answer);
    if (!measured.ok()) return missing(measured.status().message());
    if (!measured.value().missing.empty()) return measured.value();
    const auto y = read_npy(work_ + "/y.npy");
    if (!y.ok()) return missing(y.status().message());
    if (y.value().type != problem_->types().output || y.value().shape != problem_->output_shape()) {
        return missing(fmt::format("wrong: an output of shape {}", shape_text(y.value().shape)));
    }
    const Deviation deviation =
        compare_sampled(*problem_, inputs_->with_output(y.value().data), compared_outputs, sample_seed);
    return deviation.wrong.empty() ? measured.value() : missing("wrong: " + deviation.wrong);
}

Result<PeerMeasurement> Peers::measure(const Peer& peer, std::uint64_t sample_seed) {
    for (const EpilogueOp& op : problem_->epilogue) {
        if (op.kind != EpilogueOp::Kind::relu && op.kind != EpilogueOp::Kind::leaky)
            return missing(
                fmt::format("epilogue {}: libraries are given relu and leaky", find_epilogue_row(op.kind)->name));
    }
    if (peer.version.empty()) return missing("not installed (tools/setup-peers)");
    std::error_code ignored;
    std::filesystem::remove(work_ + "/y.npy", ignored);  // an old one is no answer
    const auto answered = answer(peer);
    if (answered.status().code() == Code::interrupted) return answered.status();
    return answered.ok() ? checked(answered.value(), sample_seed) : missing(answered.status().message());
}

}  // namespace convt::cli
