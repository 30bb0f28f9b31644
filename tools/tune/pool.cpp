// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/pool.h"

#include <chrono>

namespace convt::tune {

CompilePool::CompilePool(Bench& bench, int threads) : bench_(bench) {
    for (int i = 0; i < threads; ++i)
        threads_.emplace_back([this] { work(); });
}

CompilePool::~CompilePool() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
        waiting_.clear();
    }
    posted_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
}

void CompilePool::post(Candidate candidate) {
    ++in_flight_;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(candidate));
    }
    posted_.notify_one();
}

std::optional<CompilePool::Done> CompilePool::take(int ms) {
    std::unique_lock lock(mutex_);
    if (!finished_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return !done_.empty(); }))
        return std::nullopt;
    Done done = std::move(done_.front());
    done_.pop_front();
    --in_flight_;
    return done;
}

void CompilePool::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        posted_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
        if (closing_) return;
        Candidate candidate = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        Result<std::string> handle = bench_.compile(candidate);
        lock.lock();
        done_.push_back({std::move(candidate), std::move(handle)});
        finished_.notify_one();
    }
}

}  // namespace convt::tune
