// SPDX-License-Identifier: Apache-2.0
// PTX's fundamental types and state spaces, and the one error that everything here throws: what is wrong, and in which
// line of the PTX.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace convt::ptx {

enum class Type : std::uint8_t {
    none,
    pred,
    b8,
    u8,
    s8,
    b16,
    u16,
    s16,
    f16,
    bf16,
    b32,
    u32,
    s32,
    f32,
    f16x2,
    b64,
    u64,
    s64,
    f64
};
std::optional<Type> type_named(std::string_view name);
std::string_view name_of(Type type);
unsigned bytes_of(Type type);
// Bytes a lane of a register of this type takes: 4, or 8 for the 64-bit types.
inline unsigned container_bytes(Type type) {
    return bytes_of(type) == 8 ? 8 : 4;
}
bool is_signed(Type type);

enum class Space : std::uint8_t { generic, global, shared, local, constant, param };
std::optional<Space> space_named(std::string_view name);

class Error : public std::runtime_error {
  public:
    Error(int line, const std::string& what)
        : std::runtime_error(line > 0 ? std::string("PTX line ").append(std::to_string(line)).append(": ").append(what)
                                      : what),
          line_(line) {}
    // 0 where no line is to blame.
    int line() const { return line_; }

  private:
    int line_;
};

}  // namespace convt::ptx
