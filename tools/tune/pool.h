// SPDX-License-Identifier: Apache-2.0
// Threads that wait for compile workers, so that several candidates compile while one is measured.
#pragma once

#include "tools/tune/bench.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace convt::tune {

class CompilePool {
  public:
    struct Done {
        Candidate candidate;
        Result<std::string> handle;
    };

    CompilePool(Bench& bench, int threads);
    ~CompilePool();  // drops what has not begun, waits for the rest
    CompilePool(const CompilePool&) = delete;
    CompilePool& operator=(const CompilePool&) = delete;

    void post(Candidate candidate);
    // The next one that is done, in any order; none after `ms` milliseconds.
    std::optional<Done> take(int ms);
    // Posted and not yet taken.
    int in_flight() const noexcept { return in_flight_; }

  private:
    void work();

    Bench& bench_;
    std::mutex mutex_;
    std::condition_variable posted_;
    std::condition_variable finished_;
    std::deque<Candidate> waiting_;
    std::deque<Done> done_;
    bool closing_ = false;
    int in_flight_ = 0;  // of the caller's thread alone
    std::vector<std::thread> threads_;
};

}  // namespace convt::tune
