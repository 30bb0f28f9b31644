// SPDX-License-Identifier: Apache-2.0
// The one source of chance in the tests: SplitMix64 (Steele, Lea, Flood 2014), so that a seed gives the same problem on
// every machine and standard library. std's distributions do not promise that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace convt::test {

class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }
    // Uniform in [low, high], up to a bias of (high - low) / 2^64.
    std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
        return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
    }
    bool chance(int percent) noexcept { return between(0, 99) < percent; }
    template <typename List>
    const auto& pick(const List& list) noexcept {
        return list[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(std::size(list)) - 1))];
    }

  private:
    std::uint64_t state_;
};

// The seed of the `index`-th trial of a run with seed `seed`.
inline std::uint64_t mix(std::uint64_t seed, std::uint64_t index) noexcept {
    return Random(seed ^ (index * 0xD1342543DE82EF95U)).next();
}

// An unsigned number from the environment, or `otherwise` where it is not set. Anything else in it fails the test run.
std::uint64_t environment_number(const char* name, std::uint64_t otherwise);
// CONVT_SEED, or the fixed seed of CI.
std::uint64_t run_seed();

}  // namespace convt::test
