// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/plots.h"

#include "tools/tune/knobs.h"
#include "tools/tune/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace convt::tune {

namespace {

std::vector<std::string> strategies_of(const std::vector<Trial>& trials) {
    std::vector<std::string> names;
    for (const Trial& trial : trials)
        if (std::find(names.begin(), names.end(), trial.candidate.strategy) == names.end())
            names.push_back(trial.candidate.strategy);
    return names;
}

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

void level(Svg& svg, const Plot& plot, double y, std::string_view name, std::string_view dashes) {
    svg.line(plot.left, y, plot.right, y, fmt::format("stroke=\"#333\" stroke-dasharray=\"{}\"", dashes));
    svg.text(plot.right - 4.0, y - 4.0, name, "end");
}

// A colour and a name on each line of the margin, from its top.
void legend(Svg& svg, const Plot& plot, const std::vector<std::string>& names) {
    constexpr std::size_t most = 16;
    constexpr std::size_t longest = 32;
    for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
        const double at = plot.top + 16.0 * static_cast<double>(i) + 12.0;
        svg.circle(plot.right + 12.0, at - 4.0, 4.0, fmt::format("fill=\"{}\"", colour(i)), names[i]);
        svg.text(plot.right + 22.0, at, names[i].substr(0, longest));
    }
    if (names.size() > most) svg.text(plot.right + 22.0, plot.top + 16.0 * most + 12.0, "and more");
}

struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = 0.0;
    void add(double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
};

void draw_trials(Svg& svg, const ProblemReport& problem, const Scale& x, const Scale& y, const Plot& plot) {
    const std::vector<std::string> names = strategies_of(problem.trials);
    std::vector<std::pair<double, double>> best;
    double best_us = std::numeric_limits<double>::infinity();
    for (const Trial& trial : problem.trials) {
        const char* const of = colour(index_of(names, trial.candidate.strategy));
        if (trial.code != Code::ok) {
            svg.text(x(trial.spent_s), plot.top + 10.0, "×", "middle");
            continue;
        }
        svg.circle(x(trial.spent_s), y(trial.us), 2.5, fmt::format("fill=\"{}\" fill-opacity=\"0.6\"", of),
                   fmt::format("{:.1f} us: {}", trial.us, trial.candidate.text()));
        if (!best.empty()) best.emplace_back(x(trial.spent_s), y(best_us));
        best_us = std::min(best_us, trial.us);
        best.emplace_back(x(trial.spent_s), y(best_us));
    }
    if (!best.empty()) best.emplace_back(plot.right, y(best_us));
    svg.path(best, "stroke=\"#222\" stroke-width=\"1.5\"");
    legend(svg, plot, names);
}

}  // namespace

std::string search_curve(const ProblemReport& problem) {
    const Plot plot;
    Svg svg(plot, fmt::format("{}: screening times and the best so far (× failed)", problem.name));
    Range us;
    us.add(problem.roofline.us());
    double end = 0.0;
    for (const Trial& trial : problem.trials) {
        if (trial.code == Code::ok) us.add(trial.us);
        end = std::max(end, trial.spent_s);
    }
    if (problem.verdict && problem.verdict->default_us > 0.0) us.add(problem.verdict->default_us);
    const Scale x(0.0, end, plot.left, plot.right, false);
    const Scale y(0.9 * us.low, 1.1 * us.high, plot.bottom, plot.top, true);
    svg.axes(x, "seconds", y, "us a call");
    draw_trials(svg, problem, x, y, plot);
    level(svg, plot, y(problem.roofline.us()), "direct roofline", "2 3");
    if (problem.verdict && problem.verdict->tuned && problem.verdict->default_us > 0.0)
        level(svg, plot, y(problem.verdict->default_us), "default", "6 3");
    return svg.str();
}

std::string knob_plot(const ProblemReport& problem) {
    const std::string strategy = problem.verdict ? problem.verdict->winner.strategy : problem.incumbent.strategy;
    std::vector<KnobShare> shares = {strategy_share(problem.trials)};
    for (KnobShare& share : knob_shares(problem.trials, strategy))
        if (share.values > 1) shares.push_back(std::move(share));
    Plot plot;
    plot.left = 150.0;
    plot.height = 70.0 + 24.0 * static_cast<double>(shares.size());
    Svg svg(plot,
            fmt::format("{}: spread of log time explained by strategy and by knobs of {}", problem.name, strategy));
    const Scale x(0.0, 1.0, plot.left, plot.right, false);
    double at = plot.top;
    for (const KnobShare& share : shares) {
        svg.text(plot.left - 8.0, at + 13.0, share.knob, "end");
        svg.rectangle(plot.left, at, std::max(1.0, x(share.share) - plot.left), 17.0, "fill=\"#0072b2\"");
        svg.text(x(share.share) + 8.0, at + 13.0,
                 fmt::format("{:.0f} % ({} values)", 100.0 * share.share, share.values));
        at += 24.0;
    }
    return svg.str();
}

std::string roofline_plot(const RunReport& run) {
    const Plot plot;
    Svg svg(plot, "Roofline: default (hollow) and tuned (filled), one core");
    Range intensity, gflops, bandwidth;
    double peak = 0.0;
    for (const ProblemReport& problem : run.problems) {
        const cli::Roofline& roof = problem.roofline;
        intensity.add(roof.flops / roof.bytes);
        bandwidth.add(roof.bandwidth_gbs());
        peak = std::max(peak, roof.peak_gflops);
        gflops.add(roof.flops / roof.us() * 1e-3);
        if (!problem.verdict) continue;
        gflops.add(roof.flops / problem.verdict->us.median * 1e-3);
        if (problem.verdict->default_us > 0.0) gflops.add(roof.flops / problem.verdict->default_us * 1e-3);
    }
    if (run.problems.empty()) return svg.str();
    const double low = 0.5 * std::min(intensity.low, peak / bandwidth.high);
    const double high = 2.0 * std::max(intensity.high, peak / bandwidth.low);
    const Scale x(low, high, plot.left, plot.right, true);
    const Scale y(0.5 * gflops.low, 1.5 * std::max(peak, gflops.high), plot.bottom, plot.top, true);
    svg.axes(x, "flops a byte touched once", y, "GFLOP/s");
    for (const double gbs : {bandwidth.low, bandwidth.high}) {
        const double from = std::max(low, 0.5 * gflops.low / gbs);
        svg.path({{x(from), y(from * gbs)}, {x(peak / gbs), y(peak)}, {plot.right, y(peak)}}, "stroke=\"#333\"");
    }
    svg.text(plot.right - 4.0, y(peak) - 4.0, fmt::format("{:.0f} GFLOP/s", peak), "end");
    svg.text(plot.left + 6.0, plot.top + 12.0,
             fmt::format("slopes: {:.0f} and {:.0f} GB/s", bandwidth.low, bandwidth.high));
    std::vector<std::string> names;
    for (const ProblemReport& problem : run.problems)
        names.push_back(problem.name);
    legend(svg, plot, names);
    for (std::size_t i = 0; i < run.problems.size(); ++i) {
        const ProblemReport& problem = run.problems[i];
        if (!problem.verdict) continue;
        const cli::Roofline& roof = problem.roofline;
        const double at = x(roof.flops / roof.bytes);
        const auto y_of = [&](double us) { return y(roof.flops / us * 1e-3); };
        const double tuned = y_of(problem.verdict->us.median);
        if (problem.verdict->default_us > 0.0) {
            svg.line(at, y_of(problem.verdict->default_us), at, tuned, "stroke=\"#999\"");
            svg.circle(at, y_of(problem.verdict->default_us), 4.0,
                       fmt::format("fill=\"white\" stroke=\"{}\" stroke-width=\"1.5\"", colour(i)),
                       problem.name + ", default");
        }
        svg.circle(
            at, tuned, 4.0, fmt::format("fill=\"{}\"", colour(i)),
            fmt::format("{}, {:.0f} % of its roofline", problem.name, 100.0 * roof.us() / problem.verdict->us.median));
    }
    return svg.str();
}

}  // namespace convt::tune
