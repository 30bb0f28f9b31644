// SPDX-License-Identifier: Apache-2.0
#include "tests/worker/fake_worker.h"

#include "compiler/identity.h"
#include "tests/support/fake_compiler.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace convt::test {

FakeWorker::FakeWorker(const std::string& script) {
    options.path = path("worker");
    options.time_limit_ms = 20'000;
    answer(object());
    std::ofstream(options.path) << "#!/bin/sh\nfolder=" << folder_.path() << "\nobject=" << path("object") << "\n"
                                << script << "\n";
    ::chmod(options.path.c_str(), 0700);
}

Problem FakeWorker::problem() {
    return fake_problem(5);
}

Object FakeWorker::object() {
    Object object = fake_object(problem(), Target::host());
    object.info.compiler = identity_text;
    return object;
}

void FakeWorker::answer(const Object& object) const {
    const auto bytes = object.serialize();
    answer(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void FakeWorker::answer(const std::string& bytes) const {
    std::ofstream(path("object"), std::ios::binary) << bytes;
}

std::string FakeWorker::text_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
}

Result<Object> FakeWorker::compile() const {
    return worker_compiler(options)->compile(problem(), Target::host());
}

}  // namespace convt::test
