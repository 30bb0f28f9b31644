// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/lanewise.h"

#include <algorithm>

namespace convt::ptx {

Form::Form(std::string_view text) {
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('.', start), text.size());
        (start == 0 ? opcode_ : modifiers_.emplace_back()) = std::string(text.substr(start, end - start));
        start = end + 1;
    }
}

bool Form::take(std::string_view modifier) {
    const auto found = std::find(modifiers_.begin(), modifiers_.end(), modifier);
    if (found == modifiers_.end()) return false;
    modifiers_.erase(found);
    return true;
}

Type Form::type() {
    for (auto it = modifiers_.begin(); it != modifiers_.end(); ++it) {
        const std::optional<Type> type = type_named(*it);
        if (!type) continue;
        modifiers_.erase(it);
        switch (*type) {
            case Type::b8:
                return Type::u8;
            case Type::b16:
                return Type::u16;
            case Type::b32:
                return Type::u32;
            case Type::b64:
                return Type::u64;
            default:
                return *type;
        }
    }
    return Type::none;
}

}  // namespace convt::ptx
