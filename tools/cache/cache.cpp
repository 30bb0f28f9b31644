// SPDX-License-Identifier: Apache-2.0
// A report is made as JSON first; what people read is printed from the same values. A folder that is not there is an
// empty cache. Entries that another version of convt wrote are neither damaged nor readable here.
#include "tools/cache/cache.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "convt/engine.h"
#include "runtime/cache/disk_cache.h"

namespace convt::cli {
namespace {

// The order of insertion is the order of printing.
using Json = nlohmann::ordered_json;

// Reports are made from what is on the disk: bytes that are not UTF-8 may be in a name, and must not end the tool.
std::string dump(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string utc(std::int64_t ns) {
    const auto time = std::chrono::system_clock::time_point(std::chrono::nanoseconds(ns));
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

struct Cache {
    std::string folder;
    std::optional<DiskCache> disk;  // none where there is no folder
    std::vector<DiskCache::Entry> entries;
};

Result<Cache> open_cache(const std::string& given) {
    Cache cache{given.empty() ? default_cache_dir() : given, std::nullopt, {}};
    if (cache.folder.empty())
        return {Code::invalid_argument, "--dir: not given, and neither XDG_CACHE_HOME nor HOME is an absolute path"};
    std::error_code ignored;
    if (std::filesystem::symlink_status(cache.folder, ignored).type() == std::filesystem::file_type::not_found)
        return cache;
    Result<DiskCache> disk = DiskCache::open(cache.folder, 0, false);
    if (!disk.ok()) return disk.status();
    Result<std::vector<DiskCache::Entry>> entries = disk.value().entries();
    if (!entries.ok()) return entries.status();
    cache.disk.emplace(std::move(disk).value());
    cache.entries = std::move(entries).value();
    return cache;
}

Json describe(const Cache& cache, const DiskCache::Entry& entry) {
    const Result<Object> object = cache.disk->read(entry.key);
    const Code code = object.status().code();
    const ObjectInfo info = object.ok() ? object.value().info : ObjectInfo{};
    return {{"key", entry.key},
            {"bytes", entry.bytes},
            {"used", utc(entry.used_ns)},
            {"state", code == Code::ok            ? "whole"
                      : code == Code::unsupported ? "other version"
                                                  : "damaged"},
            {"reason", object.status().message()},
            {"problem", info.problem},
            {"target", info.target},
            {"features", missing_features(info.features, 0)},
            {"strategy", info.strategy},
            {"schedule", info.schedule},
            {"schedule_source", info.schedule_source},
            {"compiler", info.compiler},
            {"admitted", info.admitted},
            {"compile_ms", info.compile_ms},
            {"admission_ms", info.admission_ms}};
}

std::uint64_t total_bytes(const Cache& cache) {
    std::uint64_t bytes = 0;
    for (const DiskCache::Entry& entry : cache.entries)
        bytes += entry.bytes;
    return bytes;
}

Status stat(const Cache& cache, bool json, std::ostream& out) {
    const Json report{{"dir", cache.folder}, {"entries", cache.entries.size()}, {"bytes", total_bytes(cache)}};
    if (json)
        out << dump(report) << '\n';
    else
        out << fmt::format("{}: {} entries, {} bytes\n", cache.folder, cache.entries.size(), total_bytes(cache));
    return {};
}

Status list(const Cache& cache, bool json, std::ostream& out) {
    Json rows = Json::array();
    for (const DiskCache::Entry& entry : cache.entries)
        rows.push_back(describe(cache, entry));
    if (json) {
        out << dump({{"dir", cache.folder}, {"entries", rows}}) << '\n';
        return {};
    }
    for (const Json& row : rows) {
        const auto text = [&row](const char* field) { return row[field].get_ref<const std::string&>(); };
        out << fmt::format("{}\t{}\t{}\t", text("key"), row["bytes"].get<std::uint64_t>(), text("used"));
        if (text("state") == "whole")
            out << fmt::format("{}\t{}\t{}\t{}\t{}\n", row["admitted"].get<bool>() ? "admitted" : "unadmitted",
                               text("target"), text("problem"), text("strategy"), text("schedule"));
        else
            out << fmt::format("{}\t{}\n", text("state"), text("reason"));
    }
    return {};
}

Status verify(const Cache& cache, bool json, std::ostream& out) {
    std::size_t whole = 0;
    std::size_t other = 0;
    Json damaged = Json::array();
    for (const DiskCache::Entry& entry : cache.entries) {
        const Result<Object> object = cache.disk->read(entry.key);
        const Code code = object.status().code();
        if (code == Code::ok) ++whole;
        if (code == Code::unsupported) ++other;
        if (code == Code::io_error) return object.status();
        if (code == Code::corrupt) damaged.push_back({{"key", entry.key}, {"reason", object.status().message()}});
    }
    if (json) {
        out << dump({{"dir", cache.folder}, {"whole", whole}, {"other_version", other}, {"damaged", damaged}}) << '\n';
    } else {
        for (const Json& row : damaged)
            out << row["reason"].get_ref<const std::string&>() << '\n';
        out << fmt::format("{}: {} whole, {} of another version, {} damaged\n", cache.folder, whole, other,
                           damaged.size());
    }
    if (damaged.empty()) return {};
    return Status(Code::wrong_result, fmt::format("{}: damaged entries: {}", cache.folder, damaged.size()));
}

Status clear(const Cache& cache, bool json, std::ostream& out) {
    for (const DiskCache::Entry& entry : cache.entries) {
        const int error = cache.disk->remove(entry.key);
        if (error != 0 && error != ENOENT)  // somebody else may have been quicker
            return io_error(fmt::format("{}/{}", cache.folder, entry.key), error);
    }
    if (cache.disk) cache.disk->remove_leftovers();
    const Json report{{"dir", cache.folder}, {"removed", cache.entries.size()}, {"bytes", total_bytes(cache)}};
    if (json)
        out << dump(report) << '\n';
    else
        out << fmt::format("{}: removed {} entries, {} bytes\n", cache.folder, cache.entries.size(),
                           total_bytes(cache));
    return {};
}

struct Command {
    const char* name;
    const char* help;
    Status (*run)(const Cache& cache, bool json, std::ostream& out);
};
constexpr Command commands[] = {
    {"stat", "How many entries there are and how large they are", stat},
    {"ls", "What is in every entry, the last used first", list},
    {"verify", "Read every entry; ends with 1 where one is damaged", verify},
    {"clear", "Remove all entries", clear},
};

}  // namespace

int cache_tool(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    Tool tool("convt-cache", "Shows, checks and empties the cache of compiled kernels.");
    bool json = false;
    std::string folder;
    tool.app().add_flag("--json", json, "Print JSON");
    tool.app().add_option("--dir", folder, "Folder of the cache (default: $XDG_CACHE_HOME/convt)")->type_name("DIR");
    tool.app().require_subcommand(1, 1);
    tool.app().fallthrough();
    const Command* chosen = nullptr;
    for (const Command& command : commands)
        tool.app().add_subcommand(command.name, command.help)->callback([&chosen, &command] { chosen = &command; });
    return tool.run(arguments, out, err, [&]() -> Status {
        const Result<Cache> cache = open_cache(folder);
        return cache.ok() ? chosen->run(cache.value(), json, out) : cache.status();
    });
}

}  // namespace convt::cli
