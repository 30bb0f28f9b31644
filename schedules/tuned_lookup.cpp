// SPDX-License-Identifier: Apache-2.0
// Which tuned schedules count: the user's own table before the one shipped with convt, each read once and again when
// its file has changed, and in each the rows of the machine nearest to this one first; what was measured before what
// was modelled.
#include "convt/tuned.h"

#include "schedules/gpu_device.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <dlfcn.h>
#include <sys/stat.h>

namespace convt {
namespace {

namespace fs = std::filesystem;

// What tells one state of a file from the next; a table is replaced by a rename, so the inode changes.
struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    timespec modified = {};
    bool operator==(const Stamp& other) const noexcept {
        return device == other.device && inode == other.inode && size == other.size &&
               modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec;
    }
};

Stamp stamp_of(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return {};
    return {facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim};
}

class Tables {
  public:
    Result<std::vector<TunedRow>> find(const std::string& path, std::string_view problem, const Machine& machine) {
        const std::lock_guard lock(mutex_);
        Entry& entry = entries_[path];
        // Taken before the file is read: a change in between is seen by the next look-up.
        const Stamp stamp = stamp_of(path);
        if (!entry.loaded || entry.stamp != stamp) {
            auto table = TunedTable::load(path);
            if (!table.ok()) return table.status();
            entry = {true, stamp, std::move(table).value()};
        }
        return entry.table.find(problem, machine);
    }

  private:
    struct Entry {
        bool loaded = false;
        Stamp stamp;
        TunedTable table;
    };
    std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

// share/convt/tuned beside the bin or lib folder of the library this code is in, or else of the program: both an
// installed tree and the build tree look like that, and either can be moved.
std::string shipped_dir() {
    static const int anchor = 0;
    std::error_code error;
    std::vector<fs::path> homes;
    Dl_info info{};
    // For code in the program itself this is argv[0], which may be relative and then names nothing certain.
    if (::dladdr(&anchor, &info) != 0 && info.dli_fname[0] == '/')
        homes.push_back(fs::canonical(info.dli_fname, error));
    homes.push_back(fs::read_symlink("/proc/self/exe", error));
    for (const fs::path& home : homes) {
        const fs::path dir = home.parent_path().parent_path() / "share" / "convt" / "tuned";
        if (!home.empty() && fs::is_directory(dir, error)) return dir.string();
    }
    return {};
}

std::string absolute_environment(const char* name) {
    // The XDG base directory specification: a relative path is invalid and to be ignored.
    const char* value = std::getenv(name);
    return value != nullptr && value[0] == '/' ? value : "";
}

}  // namespace

std::string default_db_dir() {
    if (const std::string data = absolute_environment("XDG_DATA_HOME"); !data.empty()) return data + "/convt/tuned";
    if (const std::string home = absolute_environment("HOME"); !home.empty()) return home + "/.local/share/convt/tuned";
    return {};
}

// One table for all features of an instruction set: rows that a target cannot use are not legal there.
std::string tuned_path(const std::string& dir, const Target& target) {
    return dir + "/" + target.info().name + ".tsv";
}

Result<std::vector<TunedRow>> find_tuned(const Problem& problem, const Target& target, const TunedOptions& options) {
    std::vector<TunedRow> all;
    if (options.untuned) return all;
    static Tables tables;
    static const std::string shipped = shipped_dir();
    const std::string text = problem.text();
    const Machine machine = target.is_gpu() ? reference_device(target).machine() : Machine::host();
    const std::string cpu = target.is_gpu() ? reference_device(target).model : host_cpu_name();
    for (const std::string& dir : {options.db_dir.empty() ? default_db_dir() : options.db_dir, shipped}) {
        if (dir.empty()) continue;
        auto rows = tables.find(tuned_path(dir, target), text, machine);
        if (!rows.ok()) return rows;
        // Machines that look the same here may still differ; this one's own rows come first.
        std::stable_partition(rows.value().begin(), rows.value().end(),
                              [&](const TunedRow& row) { return row.machine == machine && row.cpu == cpu; });
        all.insert(all.end(), rows.value().begin(), rows.value().end());
    }
    // Where the default stayed on another machine nothing was found, and this one's default is another schedule. GPUs'
    // defaults know no machine.
    if (!target.is_gpu()) {
        std::erase_if(all, [&](const TunedRow& row) {
            return row.modelled || (row.keeps_default() && !(row.machine == machine));
        });
    }
    std::stable_partition(all.begin(), all.end(), [](const TunedRow& row) { return !row.modelled; });
    return all;
}

}  // namespace convt
