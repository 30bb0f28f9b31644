// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/journal.h"

#include "tools/common/files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace convt::cli {

namespace {

using Json = nlohmann::json;

}  // namespace

Result<Journal> Journal::open(const std::string& path, const std::string& head, bool resume) {
    Journal journal(path);
    if (!resume || !std::filesystem::exists(path)) {
        if (Status status = write_file(path, head + "\n"); !status.ok()) return status;
        return journal;
    }
    const auto text = read_file(path);
    if (!text.ok()) return text.status();
    std::istringstream lines(text.value());
    std::string line;
    std::getline(lines, line);
    if (line != head) {
        return Status(Code::invalid_argument,
                      fmt::format("--resume: {} is of another run:\n  {}\n  {}", path, line, head));
    }
    while (std::getline(lines, line)) {
        const Json entry = Json::parse(line, nullptr, false);
        if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_string()) continue;
        journal.notes_[entry[0].get<std::string>()] = entry[1].get<std::string>();
    }
    // A line that a killed run left half written is ended, so that the next one stands alone.
    if (Status status = journal.append(""); !status.ok()) return status;
    return journal;
}

std::optional<std::string> Journal::find(const std::string& key) const {
    const auto found = notes_.find(key);
    if (found == notes_.end()) return std::nullopt;
    return found->second;
}

Status Journal::note(const std::string& key, const std::string& text) {
    notes_[key] = text;
    return append(Json{key, text}.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Status Journal::append(const std::string& line) const {
    std::ofstream file(path_, std::ios::app | std::ios::binary);
    file << line << '\n' << std::flush;
    return file.good() ? Status() : file_error(path_, "cannot be written");
}

void Journal::remove() const noexcept {
    ::unlink(path_.c_str());
}

}  // namespace convt::cli
