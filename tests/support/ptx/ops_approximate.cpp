// SPDX-License-Identifier: Apache-2.0
// Functions that the hardware approximates: ex2, lg2, sin, cos, tanh, rsqrt. Here they are computed in f64 and rounded
// once, so they lie within the error that PTX allows, but their last bits are not a device's.
#include "tests/support/ptx/real.h"

namespace convt::ptx {
namespace {

template <typename T>
T power_of_two(T a) {
    return static_cast<T>(std::exp2(double{a}));
}
template <typename T>
T logarithm(T a) {
    return static_cast<T>(std::log2(double{a}));
}
template <typename T>
T sine(T a) {
    return static_cast<T>(std::sin(double{a}));
}
template <typename T>
T cosine(T a) {
    return static_cast<T>(std::cos(double{a}));
}
template <typename T>
T tangens(T a) {
    return static_cast<T>(std::tanh(double{a}));
}
template <typename T>
T inverse_root(T a) {
    return static_cast<T>(1.0 / std::sqrt(double{a}));
}

template <auto F>
Choice choose_single(Form& form) {
    if (!form.take("approx")) return {};
    const bool ftz = form.take("ftz");
    if (form.type() != Type::f32) return {};
    return ftz ? lanewise<&shape1<float, F, true, false>>() : lanewise<&shape1<float, F, false, false>>();
}
Choice choose_rsqrt(Form& form) {
    Form copy = form;
    copy.take("approx");
    copy.take("ftz");
    if (copy.type() != Type::f64) return choose_single<&inverse_root<float>>(form);
    form = copy;
    return lanewise<&shape1<double, &inverse_root<double>, false, false>>();
}

}  // namespace

std::vector<Family> approximate_families() {
    return {{"ex2", choose_single<&power_of_two<float>>}, {"lg2", choose_single<&logarithm<float>>},
            {"sin", choose_single<&sine<float>>},         {"cos", choose_single<&cosine<float>>},
            {"tanh", choose_single<&tangens<float>>},     {"rsqrt", choose_rsqrt}};
}

}  // namespace convt::ptx
