// SPDX-License-Identifier: Apache-2.0
#include "tools/examples/upscale/upscale.h"

#include "tools/common/files.h"
#include "tools/common/progress.h"
#include "tools/examples/upscale/tiles.h"

#include "convt/worker.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cstring>

namespace upscale {
namespace {

using convt::Code;
using convt::Result;
using convt::Status;
namespace cli = convt::cli;

// A median of five leaves out two calls that something else disturbed.
constexpr int measured_calls = 5;

struct Options {
    std::string model;
    std::string input;
    std::string output;
    bool list = false;
    bool raw = false;
    convt::CallOptions call;
    convt::TunedOptions tuned;
};

Result<Model> read_model(const std::string& prefix) {
    auto graph = cli::read_file(prefix + ".param");
    if (!graph.ok()) return graph.status();
    auto weights = cli::read_file(prefix + ".bin");
    if (!weights.ok()) return weights.status();
    auto model = parse_model(graph.value(), weights.value());
    if (!model.ok()) return {model.status().code(), prefix + ": " + model.status().message()};
    if (model.value().channels != 3 || model.value().layers.back().out_channels != 3) {
        return {Code::unsupported, prefix + ": the network must read and write 3 channels, red, green and blue"};
    }
    return model;
}

Result<Network> load(const Model& model, const convt::TunedOptions& tuned) {
    convt::WorkerOptions worker;
    worker.tuned = tuned;
    convt::EngineOptions options;
    options.compiler = convt::worker_compiler(worker);
    auto engine = convt::Engine::create(std::move(options));
    if (!engine.ok()) return engine.status();
    return Network::create(model, *engine.value());
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// Medians of every stage of both networks on the same tile, their calls alternating, so that a machine that slows down
// slows both.
Status measure(Network& tuned, Network& untuned, const std::vector<float>& tile, const convt::CallOptions& options,
               std::vector<double>& tuned_us, std::vector<double>& untuned_us) {
    const std::vector<float>* input = &tile;
    for (std::size_t i = 0; i < tuned.stages().size(); ++i) {
        std::vector<double> times[2];
        // The first call of each touches its output's pages for the first time and is not counted.
        for (int call = -2; call < 2 * measured_calls; ++call) {
            const bool first = call % 2 == 0;
            auto taken = (first ? untuned : tuned).stages()[i].run(*input, options);
            if (!taken.ok()) return taken.status();
            if (call >= 0) times[first ? 0 : 1].push_back(taken.value());
        }
        untuned_us.push_back(median(times[0]));
        tuned_us.push_back(median(times[1]));
        input = &tuned.stages()[i].output;
    }
    return {};
}

void print_table(std::ostream& out, Network& network, const std::vector<double>& tuned_us,
                 const std::vector<double>& untuned_us) {
    const auto gflops = [](const convt::Problem& problem, double us) {
        return 2.0 * static_cast<double>(problem.multiply_adds()) / us / 1e3;
    };
    fmt::print(out, "{:<12} {:>8} {:>8} {:>11} {:>6}  {:<8} {:<20} {}\n", "layer", "ms", "GFLOP/s", "untuned ms",
               "gain", "schedule", "strategy", "problem");
    double all_tuned = 0;
    double all_untuned = 0;
    for (std::size_t i = 0; i < network.stages().size(); ++i) {
        const Stage& stage = network.stages()[i];
        const convt::ObjectInfo& info = stage.kernel->info();
        fmt::print(out, "{:<12} {:>8.2f} {:>8.1f} {:>11.2f} {:>5.2f}x  {:<8} {:<20} {}\n", stage.name,
                   tuned_us[i] / 1e3, gflops(stage.problem, tuned_us[i]), untuned_us[i] / 1e3,
                   untuned_us[i] / tuned_us[i], info.schedule_source, info.strategy, stage.problem.text());
        all_tuned += tuned_us[i];
        all_untuned += untuned_us[i];
    }
    fmt::print(out, "{:<12} {:>8.2f} {:>8} {:>11.2f} {:>5.2f}x  (one tile)\n", "all", all_tuned / 1e3, "",
               all_untuned / 1e3, all_untuned / all_tuned);
}

Status list_problems(const Model& model, std::ostream& out) {
    auto problems = model_problems(model);
    if (!problems.ok()) return problems.status();
    for (const auto& [name, problem, note] : problems.value())
        fmt::print(out, "{}\t{}\t{}\n", name, problem.text(), note);
    return {};
}

// One tile of bare floats, for comparisons with other implementations.
Status run_raw(const Options& options, Network& network) {
    auto bytes = cli::read_file(options.input);
    if (!bytes.ok()) return bytes.status();
    const convt::Problem& first = network.first();
    std::vector<float> tile(static_cast<std::size_t>(first.in_channels * first.axes[0].input * first.axes[1].input));
    if (bytes.value().size() != tile.size() * sizeof(float)) {
        return {
            Code::invalid_argument,
            fmt::format("{}: has {} bytes, a tile of {} x {} x {} floats has {}", options.input, bytes.value().size(),
                        first.in_channels, first.axes[0].input, first.axes[1].input, tile.size() * sizeof(float))};
    }
    std::memcpy(tile.data(), bytes.value().data(), bytes.value().size());
    std::vector<float> output;
    std::vector<double> microseconds;
    if (Status status = network.run(tile, output, microseconds, options.call); !status.ok()) return status;
    return cli::write_file(options.output,
                           {reinterpret_cast<const char*>(output.data()), output.size() * sizeof(float)});
}

Status run_picture(const Options& options, const Model& model, Network& network, std::ostream& out, std::ostream& err) {
    auto bytes = cli::read_file(options.input);
    if (!bytes.ok()) return bytes.status();
    auto picture = decode_png(bytes.value());
    if (!picture.ok()) return {picture.status().code(), options.input + ": " + picture.status().message()};

    convt::TunedOptions no_tuning = options.tuned;
    no_tuning.untuned = true;
    auto untuned = load(model, no_tuning);
    if (!untuned.ok()) return untuned.status();
    std::vector<float> tile;
    std::vector<double> tuned_us;
    std::vector<double> untuned_us;
    cut_tile(picture.value(), network, 0, 0, tile);
    Status status = measure(network, untuned.value(), tile, options.call, tuned_us, untuned_us);
    if (!status.ok()) return status;
    print_table(out, network, tuned_us, untuned_us);

    std::vector<double> microseconds;
    std::int64_t tiles = 0;
    cli::Progress progress(err);
    auto large =
        upscale_picture(picture.value(), network, options.call, microseconds, [&](std::int64_t done, std::int64_t all) {
            tiles = all;
            progress.update(static_cast<double>(done) / static_cast<double>(all),
                            fmt::format("tile {} of {}", done, all));
        });
    progress.clear();
    if (!large.ok()) return large.status();
    double total_us = 0;
    for (const double us : microseconds)
        total_us += us;
    auto png = encode_png(large.value());
    if (!png.ok()) return png.status();
    if (status = cli::write_file(options.output, png.value()); !status.ok()) return status;
    fmt::print(out, "{} x {} pixels became {} x {} in {} tiles, {:.2f} s in kernels: {}\n", picture.value().width,
               picture.value().height, large.value().width, large.value().height, tiles, total_us / 1e6,
               options.output);
    return {};
}

}  // namespace

int upscale(const cli::Arguments& arguments, std::ostream& out, std::ostream& err) {
    Options options;
    cli::Tool tool("upscale",
                   "Enlarge a PNG picture with a super-resolution network whose every layer is a convt kernel");
    tool.app()
        .add_option("--model", options.model, "The model's files without .param and .bin")
        ->required()
        ->type_name("PREFIX");
    auto* list =
        tool.app().add_flag("--list", options.list, "Print the layers as a problem file, for convt-tune, and exit");
    tool.app().add_flag("--raw", options.raw, "INPUT and OUTPUT are one tile of bare floats, (channel, y, x)");
    auto* input = tool.app().add_option("INPUT", options.input, "The picture")->excludes(list);
    tool.app().add_option("OUTPUT", options.output, "Where the larger one goes")->excludes(list);
    tool.add_threads(options.call.threads);
    tool.add_schedules(options.tuned);
    return tool.run(arguments, out, err, [&]() -> Status {
        if (!options.list && (input->count() == 0 || options.output.empty())) {
            return {Code::invalid_argument, "INPUT and OUTPUT are required.\nRun with --help for more information."};
        }
        auto model = read_model(options.model);
        if (!model.ok()) return model.status();
        if (options.list) return list_problems(model.value(), out);
        auto network = load(model.value(), options.tuned);
        if (!network.ok()) return network.status();
        return options.raw ? run_raw(options, network.value())
                           : run_picture(options, model.value(), network.value(), out, err);
    });
}

}  // namespace upscale
