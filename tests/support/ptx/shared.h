// SPDX-License-Identifier: Apache-2.0
// A block's shared memory with its shadow: a record a granule, of who wrote and who read it since which barrier. A
// granule is the smallest access of the kernel; as every access is aligned to its size, granules are the finest that
// accesses can share.
#pragma once

#include "tests/support/ptx/types.h"

#include <cstddef>
#include <vector>

namespace convt::ptx {

enum class Hazard : std::uint8_t { none, uninitialised, race };

struct HazardFound {
    Hazard hazard = Hazard::none;
    unsigned other = 0;  // the thread on the other side of a race
};

class SharedMemory {
  public:
    SharedMemory(std::uint64_t bytes, unsigned granule)
        : granule_(granule), data_(bytes), records_((bytes + granule - 1) / granule) {}

    std::uint64_t bytes() const { return data_.size(); }
    std::byte* data(std::uint64_t at) { return data_.data() + at; }
    // Epochs count on over blocks, so that a block finds everything unwritten without a sweep.
    void begin_block() { first_ = ++epoch_; }
    void pass_barrier() { ++epoch_; }

    HazardFound load(std::uint64_t at, unsigned bytes, unsigned thread) {
        HazardFound found;
        for (Record *record = &records_[at / granule_], *end = record + bytes / granule_; record != end; ++record) {
            if (record->written < first_) {
                found = {Hazard::uninitialised, 0};
            } else if (record->written == epoch_ && record->writer != thread) {
                found = {Hazard::race, record->writer};
            }
            if (record->read != epoch_) {
                record->read = epoch_;
                record->reader = static_cast<std::uint16_t>(thread);
            } else if (record->reader != thread) {
                record->reader = several;
            }
        }
        return found;
    }

    HazardFound store(std::uint64_t at, unsigned bytes, unsigned thread) {
        HazardFound found;
        for (Record *record = &records_[at / granule_], *end = record + bytes / granule_; record != end; ++record) {
            if (record->written == epoch_ && record->writer != thread) found = {Hazard::race, record->writer};
            if (record->read == epoch_ && record->reader != thread) found = {Hazard::race, record->reader};
            record->written = epoch_;
            record->writer = static_cast<std::uint16_t>(thread);
        }
        return found;
    }

    // As the reader of a race: more than one thread. Blocks have at most 1024.
    static constexpr std::uint16_t several = 0xFFFF;

  private:
    struct Record {
        std::uint32_t written = 0;
        std::uint32_t read = 0;
        std::uint16_t writer = 0;
        std::uint16_t reader = 0;
    };
    unsigned granule_;
    std::vector<std::byte> data_;
    std::vector<Record> records_;
    std::uint32_t epoch_ = 0;
    std::uint32_t first_ = 0;
};

}  // namespace convt::ptx
