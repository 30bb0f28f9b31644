// SPDX-License-Identifier: Apache-2.0
// A line: check, kind, compiler, cpu, problem, then for a trial strategy, schedule, code, us, spent_s, message, for the
// end of a search its budget; joined by tabs. The check is FNV-1a of all behind it.
#include "tools/tune/journal.h"

#include "tools/common/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace convt::tune {

namespace {

constexpr std::string_view trial_kind = "trial1";
constexpr std::string_view end_kind = "end1";

std::string check(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return fmt::format("{:016x}", hash);
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> fields;
    for (;;) {
        const std::size_t tab = text.find('\t');
        fields.emplace_back(text.substr(0, tab));
        if (tab == std::string_view::npos) return fields;
        text.remove_prefix(tab + 1);
    }
}

std::string one_field(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return text;
}

std::optional<double> number(const std::string& text) {
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value < 0.0) return {};
    return value;
}

std::optional<Code> code_of(const std::string& name) {
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i)
        if (code_name(static_cast<Code>(i)) == name) return static_cast<Code>(i);
    return std::nullopt;
}

std::optional<Trial> trial_of(const std::vector<std::string>& fields) {
    Result<Schedule> schedule = Schedule::parse(fields[6]);
    const auto code = code_of(fields[7]);
    const auto us = number(fields[8]);
    const auto spent = number(fields[9]);
    if (!schedule.ok() || !code || !us || !spent || (*code == Code::ok) != (*us > 0.0)) return std::nullopt;
    return Trial{{fields[5], std::move(schedule).value()}, *code, *us, *spent, fields[10]};
}

Status make_folder(const std::string& dir) {
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    if (error) return {Code::io_error, fmt::format("{}: cannot be made: {}", dir, error.message())};
    return {};
}

}  // namespace

Journal::Journal(int dir, int file, std::string path, JournalKey key)
    : dir_(dir), file_(file), path_(std::move(path)), key_{one_field(key.compiler), one_field(key.cpu)} {}

Journal::~Journal() {
    ::close(file_);
    ::close(dir_);
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& dir, const std::string& name, JournalKey key) {
    Status made = make_folder(dir);
    if (!made.ok()) return made;
    const int lock = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) return cli::file_error(dir, "cannot be opened");
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        Status status = errno == EWOULDBLOCK ? Status(Code::io_error, dir + ": another convt-tune is at work there")
                                             : cli::file_error(dir, "cannot be locked");
        ::close(lock);
        return status;
    }
    const std::string path = fmt::format("{}/{}.trials", dir, name);
    const int file = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (file < 0) {
        Status status = cli::file_error(path, "cannot be opened");
        ::close(lock);
        return status;
    }
    std::unique_ptr<Journal> journal(new Journal(lock, file, path, std::move(key)));
    const Result<std::string> text = cli::read_file(path);
    if (!text.ok()) return text.status();
    journal->read(text.value());
    return journal;
}

void Journal::read(std::string_view text) {
    const bool torn = !text.empty() && text.back() != '\n';
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (!read_line(text.substr(0, end))) ++dropped_;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    // Shuts the torn line off from what we append; where that fails, so will the first append, and say so.
    if (torn && ::write(file_, "\n", 1) != 1) ++dropped_;
}

// False: not a line of ours. Lines of other compilers and machines are ours and left aside.
bool Journal::read_line(std::string_view text) {
    if (text.empty()) return true;
    const std::size_t tab = text.find('\t');
    if (tab == std::string_view::npos || text.substr(0, tab) != check(text.substr(tab + 1))) return false;
    const std::vector<std::string> fields = split(text);
    const bool is_trial = fields[1] == trial_kind && fields.size() == 11;
    const bool is_end = fields[1] == end_kind && fields.size() == 6;
    if (!is_trial && !is_end) return false;
    if (fields[2] != key_.compiler || fields[3] != key_.cpu) return true;
    Line line;
    line.problem = fields[4];
    if (is_trial) {
        auto trial = trial_of(fields);
        if (!trial) return false;
        line.trial = std::move(*trial);
    } else {
        const auto budget = number(fields[5]);
        if (!budget || *budget <= 0.0) return false;
        line.finished_s = *budget;
    }
    lines_.push_back(std::move(line));
    return true;
}

std::vector<Trial> Journal::trials(const std::string& problem) const {
    std::vector<Trial> result;
    for (const Line& line : lines_)
        if (line.finished_s == 0.0 && line.problem == problem) result.push_back(line.trial);
    return result;
}

double Journal::finished_budget(const std::string& problem) const {
    double budget = 0.0;
    for (const Line& line : lines_)
        if (line.problem == problem) budget = std::max(budget, line.finished_s);
    return budget;
}

Status Journal::add(const std::string& problem, const Trial& trial) {
    Status status = append({std::string(trial_kind), key_.compiler, key_.cpu, problem, trial.candidate.strategy,
                            trial.candidate.schedule.text(), std::string(code_name(trial.code)),
                            fmt::format("{}", trial.us), fmt::format("{:.3f}", trial.spent_s), trial.message});
    if (status.ok()) lines_.push_back({problem, trial, 0.0});
    return status;
}

Status Journal::finish(const std::string& problem, double budget_s) {
    Status status = append({std::string(end_kind), key_.compiler, key_.cpu, problem, fmt::format("{}", budget_s)});
    if (status.ok()) lines_.push_back({problem, {}, budget_s});
    return status;
}

Status Journal::append(const std::vector<std::string>& fields) {
    std::vector<std::string> clean;
    for (const std::string& field : fields)
        clean.push_back(one_field(field));
    const std::string body = fmt::format("{}", fmt::join(clean, "\t"));
    const std::string line = fmt::format("{}\t{}\n", check(body), body);
    for (std::string_view rest = line; !rest.empty();) {
        const ssize_t n = ::write(file_, rest.data(), rest.size());
        if (n >= 0)
            rest.remove_prefix(static_cast<std::size_t>(n));
        else if (errno != EINTR)
            return cli::file_error(path_, "cannot be written");
    }
    return {};
}

}  // namespace convt::tune
