// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/merge.h"

#include "convt/target.h"
#include "convt/tuned.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

namespace convt::tune {

namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> tables_of(const std::string& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return Status(Code::io_error, path + ": no such table or folder");
    std::vector<fs::path> tables;
    if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
    for (auto entry = fs::directory_iterator(path, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
        if (entry->path().extension() == ".tsv") tables.push_back(entry->path());
    if (error) return Status(Code::io_error, path + ": " + error.message());
    if (tables.empty()) return Status(Code::invalid_argument, path + ": holds no <target>.tsv");
    std::sort(tables.begin(), tables.end());
    return tables;
}

struct Merged {
    TunedTable table;
    std::size_t read = 0;
};

Status add(const fs::path& path, const std::string& dir, std::map<std::string, Merged>& into) {
    const auto target = Target::parse(path.stem().string());
    if (!target.ok())
        return {target.status().code(),
                fmt::format("{}: a table's name is its target: {}", path.string(), target.status().message())};
    const auto rows = TunedTable::load(path.string());
    if (!rows.ok()) return rows.status();
    const std::string place = tuned_path(dir, target.value());
    if (!into.contains(place)) {
        auto present = TunedTable::load(place);
        if (!present.ok()) return present.status();
        into[place].table = std::move(present).value();
    }
    into[place].table.merge(rows.value());
    into[place].read += rows.value().rows().size();
    return {};
}

}  // namespace

Status merge_tables(const std::vector<std::string>& paths, const std::string& dir, std::ostream& out) {
    std::map<std::string, Merged> all;
    for (const std::string& path : paths) {
        const auto tables = tables_of(path);
        if (!tables.ok()) return tables.status();
        for (const fs::path& table : tables.value()) {
            Status status = add(table, dir, all);
            if (!status.ok()) return status;
        }
    }
    for (const auto& [place, merged] : all) {
        Status status = merged.table.save(place);
        if (!status.ok()) return status;
        out << fmt::format("{}: {} rows, {} read\n", place, merged.table.rows().size(), merged.read);
    }
    return {};
}

}  // namespace convt::tune
