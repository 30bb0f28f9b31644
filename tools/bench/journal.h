// SPDX-License-Identifier: Apache-2.0
// What a long run has measured so far, a line each, so that an interrupted one goes on where it stood.
#pragma once

#include "convt/status.h"

#include <map>
#include <optional>
#include <string>

namespace convt::cli {

class Journal {
  public:
    // Opens the file at `path`. `head` is a line that says what kind of run it is: one that resumes must have the same
    // (Code::invalid_argument where it has not); one that does not resume starts anew.
    static Result<Journal> open(const std::string& path, const std::string& head, bool resume);

    // What was noted under `key`, by this run or the one that it resumes.
    std::optional<std::string> find(const std::string& key) const;
    Status note(const std::string& key, const std::string& text);
    // All is done: the file goes.
    void remove() const noexcept;

  private:
    explicit Journal(std::string path) : path_(std::move(path)) {}
    Status append(const std::string& line) const;

    std::string path_;
    std::map<std::string, std::string> notes_;
};

}  // namespace convt::cli
