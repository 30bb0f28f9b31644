// SPDX-License-Identifier: Apache-2.0
// A worker that is a shell script, and the good object it may answer with.
#pragma once

#include "convt/worker.h"
#include "tests/support/temporary_folder.h"

#include <string>

namespace convt::test {

class FakeWorker {
  public:
    // In the script, $object is the path of a file with the answer that is expected for `problem()`.
    explicit FakeWorker(const std::string& script);

    static Problem problem();
    static Object object();
    // Writes another answer in place of the good one.
    void answer(const Object& object) const;
    void answer(const std::string& bytes) const;
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    std::string text_of(const std::string& name) const;  // of a file that the script has written to $folder

    WorkerOptions options;  // its path is the script's; the time limit is 20 s
    Result<Object> compile() const;

  private:
    TemporaryFolder folder_;
};

}  // namespace convt::test
