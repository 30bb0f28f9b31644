// SPDX-License-Identifier: Apache-2.0
// Writing and reading little-endian numbers and length-prefixed bytes. The reader trusts nothing: once a read would
// leave the bytes, or a length is over its limit, it has failed, and stays so; everything it gives from then on is zero
// or empty.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convt {

class ByteWriter {
  public:
    void u64(std::uint64_t value) {
        for (unsigned shift = 0; shift < 64; shift += 8)
            bytes_.push_back(std::byte(value >> shift));
    }
    void f64(double value) { u64(std::bit_cast<std::uint64_t>(value)); }
    void raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void text(std::string_view text) {
        u64(text.size());
        raw(std::as_bytes(std::span(text)));
    }
    std::span<const std::byte> bytes() const noexcept { return bytes_; }
    std::vector<std::byte> take() noexcept { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

class ByteReader {
  public:
    explicit ByteReader(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}

    std::uint64_t u64() noexcept {
        std::uint64_t value = 0;
        const std::span<const std::byte> bytes = raw(8);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
        return value;
    }
    double f64() noexcept { return std::bit_cast<double>(u64()); }
    std::span<const std::byte> raw(std::uint64_t size) noexcept {
        if (failed_ || size > rest_.size()) {
            failed_ = true;
            return {};
        }
        const std::span<const std::byte> front = rest_.first(static_cast<std::size_t>(size));
        rest_ = rest_.subspan(front.size());
        return front;
    }
    std::span<const std::byte> sized(std::uint64_t limit) noexcept {
        const std::uint64_t size = u64();
        if (size > limit) failed_ = true;
        return raw(size);
    }
    std::string text(std::uint64_t limit) {
        const std::span<const std::byte> bytes = sized(limit);
        return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void fail() noexcept { failed_ = true; }
    bool failed() const noexcept { return failed_; }
    std::size_t left() const noexcept { return rest_.size(); }

  private:
    std::span<const std::byte> rest_;
    bool failed_ = false;
};

}  // namespace convt
