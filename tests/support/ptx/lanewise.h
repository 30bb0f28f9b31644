// SPDX-License-Identifier: Apache-2.0
// Most instructions compute each lane from its own operands: a function of scalars is all that has to be written for
// one. lanewise<&f> makes the loop over the lanes, and reads the types of the operands from f's signature.
#pragma once

#include "tests/support/ptx/warp.h"

#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace convt::ptx {

// The last parameter of a function that wants Operation::aux.
struct Aux {
    std::uint32_t value;
};
// Two results.
template <typename A, typename B>
struct Two {
    A first;
    B second;
};
// The carry flag, as operand or result.
struct Carry {
    std::uint32_t bit;
};

// How an instruction is executed, and the types of its operands, results first. Empty: not known.
struct Choice {
    Execute execute = nullptr;
    std::vector<Type> d;
    std::vector<Type> s;
    std::uint32_t aux = 0;
    bool reads_carry = false;
    bool writes_carry = false;
};

// An instruction's name, taken apart at its dots. Modifiers are taken one after the other; what is left over is not
// known here.
class Form {
  public:
    explicit Form(std::string_view text);
    const std::string& opcode() const { return opcode_; }
    bool take(std::string_view modifier);
    // The first of `modifiers` that is there, as its index; `otherwise` where none is.
    template <typename List>
    std::uint32_t take_one_of(const List& modifiers, std::uint32_t otherwise) {
        for (std::uint32_t i = 0; i < std::size(modifiers); ++i) {
            if (take(modifiers[i])) return i;
        }
        return otherwise;
    }
    // The first type left over; bN as uN. Type::none where there is none.
    Type type();
    bool empty() const { return modifiers_.empty(); }

  private:
    std::string opcode_;
    std::vector<std::string> modifiers_;
};

struct Family {
    std::string_view opcode;
    Choice (*choose)(Form& form);
};

namespace detail {

template <typename T>
constexpr bool is_two = false;
template <typename A, typename B>
constexpr bool is_two<Two<A, B>> = true;

template <auto F, typename Signature = decltype(F)>
struct Lanewise;

template <auto F, typename D, typename... S>
struct Lanewise<F, D (*)(S...)> {
    template <typename T>
    static T source(Warp& warp, const Operation& operation, unsigned operand, unsigned lane) {
        if constexpr (std::is_same_v<T, Aux>) {
            return Aux{operation.aux};
        } else if constexpr (std::is_same_v<T, Carry>) {
            return Carry{get_lane<std::uint32_t>(warp.at(operation.s[operand]), lane)};
        } else {
            return get_lane<T>(warp.at(operation.s[operand]), lane);
        }
    }
    template <std::size_t... I>
    static D call(Warp& warp, const Operation& operation, unsigned lane, std::index_sequence<I...>) {
        return F(source<S>(warp, operation, I, lane)...);
    }

    static void run(Warp& warp, const Operation& operation, Mask lanes) {
        constexpr auto operands = std::index_sequence_for<S...>{};
        if constexpr (is_two<D>) {
            run_two(warp, operation, lanes, operands);
        } else {
            alignas(64) D result[warp_lanes];
            for (unsigned i = 0; i < warp_lanes; ++i)
                result[i] = call(warp, operation, i, operands);
            put_lanes<D>(warp, operation.d[0], lanes, result);
        }
    }
    template <std::size_t... I>
    static void run_two(Warp& warp, const Operation& operation, Mask lanes, std::index_sequence<I...> operands) {
        using First = decltype(D::first);
        using Second =
            std::conditional_t<std::is_same_v<decltype(D::second), Carry>, std::uint32_t, decltype(D::second)>;
        First first[warp_lanes];
        Second second[warp_lanes];
        for (unsigned i = 0; i < warp_lanes; ++i) {
            const D both = call(warp, operation, i, operands);
            first[i] = both.first;
            if constexpr (std::is_same_v<decltype(D::second), Carry>) {
                second[i] = both.second.bit;
            } else {
                second[i] = both.second;
            }
        }
        put_lanes<First>(warp, operation.d[0], lanes, first);
        put_lanes<Second>(warp, operation.d[1], lanes, second);
    }

    static Choice choice() {
        Choice choice;
        choice.execute = &run;
        if constexpr (is_two<D>) {
            choice.d.push_back(type_of<decltype(D::first)>());
            choice.writes_carry = std::is_same_v<decltype(D::second), Carry>;
            if (!choice.writes_carry) choice.d.push_back(type_of<decltype(D::second)>());
        } else {
            choice.d.push_back(type_of<D>());
        }
        (add_source<S>(choice), ...);
        return choice;
    }
    template <typename T>
    static void add_source(Choice& choice) {
        if constexpr (std::is_same_v<T, Carry>) {
            choice.reads_carry = true;
        } else if constexpr (!std::is_same_v<T, Aux>) {
            choice.s.push_back(type_of<T>());
        }
    }
};

}  // namespace detail

template <auto F>
Choice lanewise(std::uint32_t aux = 0) {
    Choice choice = detail::Lanewise<F>::choice();
    choice.aux = aux;
    return choice;
}

// make.operator()<T>() for the one of Ts that stands for `type`.
template <typename... Ts, typename Make>
Choice pick(Type type, const Make& make) {
    Choice choice;
    (void)((type == type_of<Ts>() ? (choice = make.template operator()<Ts>(), true) : false) || ...);
    return choice;
}

// Every family known, from its file.
std::vector<Family> integer_families();
std::vector<Family> bit_families();
std::vector<Family> carry_families();
std::vector<Family> float_families();
std::vector<Family> approximate_families();
std::vector<Family> compare_families();
std::vector<Family> convert_families();
std::vector<Family> warp_families();

}  // namespace convt::ptx
