// SPDX-License-Identifier: Apache-2.0
// Among threads that ask for one key at one time, the first does the work and all get its result, failures included.
// Nothing is remembered: who asks after the end begins anew. A mutex and a condition variable instead of
// std::shared_future, whose wait ThreadSanitizer cannot follow into an uninstrumented libstdc++.
#pragma once

#include "convt/status.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>

namespace convt {

template <typename T>
class SingleFlight {
  public:
    // `work` gives a Result<T>; what it throws becomes a status. `joined` tells whether another thread did the work.
    template <typename Work>
    Result<T> run(const std::string& key, bool& joined, const Work& work) {
        std::unique_lock lock(mutex_);
        const auto found = flights_.find(key);
        joined = found != flights_.end();
        if (joined) {
            const std::shared_ptr<Flight> flight = found->second;
            flight->landing.wait(lock, [&] { return flight->landed; });
            return flight->result;
        }
        const auto flight = std::make_shared<Flight>();
        flights_.emplace(key, flight);
        lock.unlock();
        flight->result = guarded(work);  // nothing from here to the landing throws: nobody is left waiting
        lock.lock();
        flights_.erase(key);
        flight->landed = true;
        flight->landing.notify_all();
        return flight->result;
    }

  private:
    struct Flight {
        Result<T> result{Code::internal, ""};
        bool landed = false;
        std::condition_variable landing;
    };

    // Messages short enough for std::string to hold without an allocation.
    template <typename Work>
    static Result<T> guarded(const Work& work) noexcept {
        try {
            return work();
        } catch (const std::bad_alloc&) {
            return {Code::out_of_memory, "no memory"};
        } catch (...) {
            return {Code::internal, "compiler threw"};
        }
    }

    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace convt
