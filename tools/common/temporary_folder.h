// SPDX-License-Identifier: Apache-2.0
// A folder of a run's own, gone with it. `status` says whether it could be made.
#pragma once

#include "convt/status.h"
#include "tools/common/files.h"

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace convt::cli {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::error_code ignored;
        path_ = (std::filesystem::temp_directory_path(ignored) / "convt-XXXXXX").string();
        if (::mkdtemp(path_.data()) == nullptr) status_ = file_error(path_, "cannot be created");
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        if (status_.ok()) std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const Status& status() const { return status_; }
    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
    Status status_;
};

}  // namespace convt::cli
