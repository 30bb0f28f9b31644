// SPDX-License-Identifier: Apache-2.0
// The page of a report: tables and plots in one HTML file, nothing fetched from anywhere.
#include "tools/tune/plots.h"
#include "tools/tune/report.h"
#include "tools/tune/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace convt::tune {

namespace {

constexpr const char* head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>convt-tune</title>
<style>
body { font-family: sans-serif; color: #222; background: white; max-width: 1100px; margin: 24px auto; padding: 0 16px; }
table { border-collapse: collapse; font-size: 13px; margin: 12px 0; }
th, td { border-bottom: 1px solid #ddd; padding: 4px 8px; text-align: right; vertical-align: top; }
th { border-bottom: 1px solid #333; }
.l { text-align: left; }
code { font-size: 12px; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: bold; margin: 12px 0 4px; }
svg { max-width: 100%; height: auto; display: block; margin: 8px 0; }
</style>
</head>
<body>
)";

std::string ratio_text(const Ratio& ratio) {
    if (!std::isfinite(ratio.high)) return "";
    return fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio.estimate, ratio.low, ratio.high);
}

std::string time_text(double us) {
    return us > 0.0 ? short_number(us) : "fails";
}

std::string verdict_row(const ProblemReport& problem) {
    const std::string name =
        fmt::format("<td class=\"l\">{}<br><code>{}</code></td>", escape(problem.name), escape(problem.problem));
    if (!problem.verdict)
        return fmt::format("<tr>{}<td class=\"l\" colspan=\"7\">{}</td></tr>\n", name,
                           problem.failure.empty() ? "interrupted" : escape(problem.failure));
    const Verdict& v = *problem.verdict;
    return fmt::format(
        "<tr>{}<td>{}</td><td>{}</td><td>[{}, {}]</td><td>{}</td><td>{}</td><td>{:.0f} %</td>"
        "<td class=\"l\">{}{}<br><code>{}</code></td></tr>\n",
        name, time_text(v.default_us), short_number(v.us.median), short_number(v.us.low), short_number(v.us.high),
        ratio_text(v.ratio), v.rounds, 100.0 * problem.roofline.us() / v.us.median,
        v.tuned ? "" : "default: ", escape(v.winner.strategy), escape(v.winner.schedule.text()));
}

std::string verdict_table(const RunReport& run) {
    std::string rows;
    for (const ProblemReport& problem : run.problems)
        rows += verdict_row(problem);
    return "<table>\n<tr><th class=\"l\">problem</th><th>default us</th><th>winner us</th><th>95 % of the median</th>"
           "<th>challenger / default</th><th>rounds</th><th>of roofline</th><th class=\"l\">winner</th></tr>\n" +
           rows + "</table>\n";
}

std::string failures(const ProblemReport& problem) {
    std::string rows;
    for (const Trial& trial : problem.trials)
        if (trial.code != Code::ok)
            rows += fmt::format(
                "<tr><td class=\"l\"><code>{}</code></td><td class=\"l\">{}</td><td class=\"l\">{}</td></tr>\n",
                escape(trial.candidate.text()), escape(code_name(trial.code)), escape(trial.message));
    if (rows.empty()) return "<p>No candidate failed.</p>\n";
    return "<table>\n<tr><th class=\"l\">failed candidate</th><th class=\"l\">how</th><th class=\"l\">why</th></tr>\n" +
           rows + "</table>\n";
}

std::string fastest(const ProblemReport& problem) {
    constexpr std::size_t shown = 10;
    std::vector<Trial> trials = problem.trials;
    trials.erase(std::remove_if(trials.begin(), trials.end(), [](const Trial& t) { return t.code != Code::ok; }),
                 trials.end());
    std::stable_sort(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) { return a.us < b.us; });
    std::string rows;
    for (std::size_t i = 0; i < std::min(shown, trials.size()); ++i)
        rows += fmt::format("<tr><td>{}</td><td class=\"l\"><code>{}</code></td></tr>\n", short_number(trials[i].us),
                            escape(trials[i].candidate.text()));
    return "<table>\n<tr><th>us, screened</th><th class=\"l\">fastest candidates</th></tr>\n" + rows + "</table>\n";
}

std::string section(const ProblemReport& problem, bool open) {
    return fmt::format("<details{}><summary>{}: {} candidates</summary>\n{}{}{}{}</details>\n", open ? " open" : "",
                       escape(problem.name), problem.trials.size(), search_curve(problem), knob_plot(problem),
                       fastest(problem), failures(problem));
}

}  // namespace

std::string report_page(const RunReport& run) {
    std::string page = head;
    page += fmt::format(
        "<h1>convt-tune: {} problems for {}</h1>\n<p>{}, {} ({}), {}; at most {} s a problem. Times are of one thread. "
        "A "
        "challenger takes the default's place where the interval of the paired ratio lies below 1 and its estimate at "
        "0.98 or below; what lies between counts as equal.</p>\n",
        run.problems.size(), escape(run.target), escape(run.date), escape(run.cpu), escape(run.machine),
        escape(run.versions), short_number(run.budget_s));
    page += verdict_table(run) + roofline_plot(run);
    for (const ProblemReport& problem : run.problems)
        page += section(problem, &problem == &run.problems.front());
    return page + "</body>\n</html>\n";
}

}  // namespace convt::tune
