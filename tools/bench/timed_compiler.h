// SPDX-License-Identifier: Apache-2.0
// Times another compiler, its process included: what a user waits for.
#pragma once

#include "convt/engine.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace convt::cli {

class TimedCompiler : public Compiler {
  public:
    explicit TimedCompiler(std::shared_ptr<Compiler> inner) : inner_(std::move(inner)) {}
    Result<std::string> fingerprint(const Problem& problem, const Target& target) override {
        return inner_->fingerprint(problem, target);
    }
    Result<Object> compile(const Problem& problem, const Target& target) override {
        const auto start = std::chrono::steady_clock::now();
        auto object = inner_->compile(problem, target);
        milliseconds_ = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        return object;
    }
    double milliseconds() const { return milliseconds_; }

  private:
    std::shared_ptr<Compiler> inner_;
    double milliseconds_ = 0.0;
};

}  // namespace convt::cli
