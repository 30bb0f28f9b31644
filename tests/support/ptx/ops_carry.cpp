// SPDX-License-Identifier: Apache-2.0
// Arithmetic over several words, which passes a carry from one instruction to the next. PTX has one carry flag a
// thread.
#include "tests/support/ptx/lanewise.h"

namespace convt::ptx {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

template <typename T>
Two<T, Carry> add(T a, T b, Carry in) {
    const T partial = static_cast<T>(a + b);
    const T sum = static_cast<T>(partial + in.bit);
    return {sum, Carry{u32{partial < a || sum < partial}}};
}
// The carry of a subtraction says that it borrowed.
template <typename T>
Two<T, Carry> sub(T a, T b, Carry in) {
    const T partial = static_cast<T>(a - b);
    return {static_cast<T>(partial - in.bit), Carry{u32{a < b || partial < in.bit}}};
}
template <typename T, bool High>
T product(T a, T b) {
    using Wide = std::conditional_t<sizeof(T) == 4, u64, Uint128>;
    const Wide full = static_cast<Wide>(a) * b;
    return static_cast<T>(High ? full >> (8 * sizeof(T)) : full);
}
template <typename T, bool High>
Two<T, Carry> mad(T a, T b, T c, Carry in) {
    return add<T>(product<T, High>(a, b), c, in);
}

// What reads no carry reads a flag that is never set; what writes none writes where nobody looks.
Choice with_carry(Choice choice, bool reads, bool writes) {
    choice.reads_carry = reads;
    choice.writes_carry = writes;
    return choice;
}

template <typename Make>
Choice pick_unsigned(Type type, const Make& make) {
    if (type == Type::s32) type = Type::u32;
    if (type == Type::s64) type = Type::u64;
    return pick<u32, u64>(type, make);
}
Choice choose_add(Form& form, bool reads) {
    const bool writes = form.take("cc");
    if (!reads && !writes) return {};
    return with_carry(pick_unsigned(form.type(), []<typename T>() { return lanewise<&add<T>>(); }), reads, writes);
}
Choice choose_sub(Form& form, bool reads) {
    const bool writes = form.take("cc");
    if (!reads && !writes) return {};
    return with_carry(pick_unsigned(form.type(), []<typename T>() { return lanewise<&sub<T>>(); }), reads, writes);
}
// The high half of a signed product is another: only unsigned ones are known here.
Choice choose_mad(Form& form, bool reads) {
    const bool writes = form.take("cc");
    const bool high = form.take("hi");
    if ((!reads && !writes) || (!high && !form.take("lo"))) return {};
    const Type type = form.type();
    if (high)
        return with_carry(pick<u32, u64>(type, []<typename T>() { return lanewise<&mad<T, true>>(); }), reads, writes);
    return with_carry(pick_unsigned(type, []<typename T>() { return lanewise<&mad<T, false>>(); }), reads, writes);
}

}  // namespace

std::vector<Family> carry_families() {
    return {{"add", [](Form& form) { return choose_add(form, false); }},
            {"addc", [](Form& form) { return choose_add(form, true); }},
            {"sub", [](Form& form) { return choose_sub(form, false); }},
            {"subc", [](Form& form) { return choose_sub(form, true); }},
            {"mad", [](Form& form) { return choose_mad(form, false); }},
            {"madc", [](Form& form) { return choose_mad(form, true); }}};
}

}  // namespace convt::ptx
