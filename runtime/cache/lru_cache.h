// SPDX-License-Identifier: Apache-2.0
// What was used last, up to a limit in bytes. What is dropped here lives on with those who hold it. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace convt {

template <typename T>
class LruCache {
  public:
    using Value = std::shared_ptr<const T>;

    explicit LruCache(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

    // Null where there is none.
    Value find(const std::string& key) {
        const std::lock_guard lock(mutex_);
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return nullptr;
        items_.splice(items_.begin(), items_, found->second);
        return found->second->value;
    }

    // Replaces what is under the key. A value larger than the limit is not kept.
    void put(const std::string& key, Value value, std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        if (const auto found = by_key_.find(key); found != by_key_.end()) drop(found->second);
        if (bytes > limit_bytes_) return;
        while (bytes_ > limit_bytes_ - bytes)
            drop(std::prev(items_.end()));
        items_.push_front({key, std::move(value), bytes});
        by_key_.emplace(key, items_.begin());
        bytes_ += bytes;
    }

    std::uint64_t bytes() const {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }
    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }

  private:
    struct Item {
        std::string key;
        Value value;
        std::uint64_t bytes;
    };
    using Position = typename std::list<Item>::iterator;

    void drop(Position position) {
        bytes_ -= position->bytes;
        by_key_.erase(position->key);
        items_.erase(position);
    }

    mutable std::mutex mutex_;
    const std::uint64_t limit_bytes_;
    std::uint64_t bytes_ = 0;
    std::list<Item> items_;  // the last used in front
    std::unordered_map<std::string, Position> by_key_;
};

}  // namespace convt
