// SPDX-License-Identifier: Apache-2.0
// What every transposed convolution obeys, whatever computes it: shown without the oracle, so that an error of its own
// would show too. On integers, where every sum is exact, the two sides must be equal.
#include "tests/property/subjects.h"
#include "tests/support/data.h"

#include <catch2/catch_test_macros.hpp>

#include <array>

namespace convt::test {
namespace {

using Index = std::array<std::int64_t, 3>;

Index unflatten(std::int64_t flat, const Index& extents) {
    return {flat / extents[2] / extents[1], flat / extents[2] % extents[1], flat % extents[2]};
}

// Where x[i] * w[k] goes; false where that is outside the output.
bool lands(const std::array<Axis, 3>& a, const Index& i, const Index& k, Index& o) {
    bool inside = true;
    for (std::size_t d = 0; d < 3; ++d) {
        o[d] = a[d].stride * i[d] + a[d].dilation * k[d] - a[d].pad_low;
        inside = inside && 0 <= o[d] && o[d] < a[d].output();
    }
    return inside;
}

// Calls visit(offset in x, offset in weights, offset in y), in elements, for every product of the definition.
template <typename Visit>
void for_each_product(const Problem& p, const Visit& visit) {
    const std::array<Axis, 3> a = three_axes(p);
    const Index in{a[0].input, a[1].input, a[2].input};
    const Index out{a[0].output(), a[1].output(), a[2].output()};
    const Index kernel{a[0].kernel, a[1].kernel, a[2].kernel};
    const std::int64_t taps = kernel[0] * kernel[1] * kernel[2];
    const std::int64_t out_group = p.out_channels / p.groups;
    for (std::int64_t at = 0; at < p.batch * p.in_channels * out_group * in[0] * in[1] * in[2] * taps; ++at) {
        const std::int64_t tap = at % taps;
        const Index i = unflatten(at / taps % (in[0] * in[1] * in[2]), in);
        const std::int64_t pair = at / taps / (in[0] * in[1] * in[2]);
        const std::int64_t ci = pair / out_group % p.in_channels;
        const std::int64_t n = pair / out_group / p.in_channels;
        const std::int64_t co = ci / (p.in_channels / p.groups) * out_group + pair % out_group;
        Index o{};
        if (!lands(a, i, unflatten(tap, kernel), o)) continue;
        visit(offset_of(p.input_layout, in, p.in_channels, n, ci, i),
              static_cast<std::size_t>((ci * out_group + pair % out_group) * taps + tap),
              offset_of(p.output_layout, out, p.out_channels, n, co, o));
    }
}

std::size_t parts_of(const Problem& p) {
    return static_cast<std::size_t>(p.types().parts());
}

// sum += a * b of one element each, without conjugation.
void add_product(const double* a, const double* b, std::size_t parts, double* sum) {
    sum[0] += a[0] * b[0];
    if (parts == 1) return;
    sum[0] -= a[1] * b[1];
    sum[1] += a[0] * b[1] + a[1] * b[0];
}

Scalars inner(const Scalars& a, const Scalars& b, std::size_t parts) {
    Scalars sum(parts);
    for (std::size_t i = 0; i < a.size(); i += parts)
        add_product(&a[i], &b[i], parts, sum.data());
    return sum;
}

// A tensor as (before, extent, behind) around one of its dimensions.
struct Sliced {
    std::size_t before = 1, extent = 1, behind = 1;
};

// Around spatial axis `axis` of a tensor of this shape and layout.
Sliced slices(const std::vector<std::int64_t>& shape, Layout layout, int axis, std::size_t parts) {
    const std::size_t at = static_cast<std::size_t>(axis) + (layout == Layout::channels_first ? 2 : 1);
    Sliced s;
    s.behind = parts;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        (d < at ? s.before : d == at ? s.extent : s.behind) *= static_cast<std::size_t>(shape[d]);
    }
    return s;
}

// Calls visit(index along the axis, offset) for every scalar.
template <typename Visit>
void for_each_scalar(const Sliced& s, const Visit& visit) {
    for (std::size_t i = 0; i < s.before * s.extent * s.behind; ++i)
        visit(i / s.behind % s.extent, i);
}

}  // namespace

TEST_CASE("adjoint: convt(x) * y = x * conv(y)") {
    for_each_subject([](const Trial& trial, const Kernel& kernel) {
        const Problem& p = trial.problem;
        Random random(trial.seed);
        const Scalars x = integers(p, p.input_shape(), 7, random);
        const Scalars w = integers(p, p.weight_shape(), 7, random);
        const Scalars y = integers(p, p.output_shape(), 7, random);
        const std::size_t parts = parts_of(p);
        Scalars conv(x.size());
        for_each_product(p, [&](std::size_t xi, std::size_t wi, std::size_t yi) {
            add_product(&y[yi * parts], &w[wi * parts], parts, &conv[xi * parts]);
        });
        INFO(trial.text());
        CHECK(inner(apply(kernel, x, w), y, parts) == inner(x, conv, parts));
    });
}

TEST_CASE("linearity: convt(2 a - 3 b) = 2 convt(a) - 3 convt(b)") {
    for_each_subject([](const Trial& trial, const Kernel& kernel) {
        const Problem& p = trial.problem;
        Random random(trial.seed);
        const Scalars a = integers(p, p.input_shape(), 7, random);
        const Scalars b = integers(p, p.input_shape(), 7, random);
        const Scalars w = integers(p, p.weight_shape(), 7, random);
        Scalars both(a.size());
        for (std::size_t i = 0; i < a.size(); ++i)
            both[i] = 2 * a[i] - 3 * b[i];
        const Scalars of_both = apply(kernel, both, w);
        const Scalars of_a = apply(kernel, a, w);
        const Scalars of_b = apply(kernel, b, w);
        std::size_t different = 0;
        for (std::size_t i = 0; i < of_a.size(); ++i)
            different += of_both[i] != 2 * of_a[i] - 3 * of_b[i];
        INFO(trial.text());
        CHECK(different == 0);
    });
}

TEST_CASE("impulse: one at i gives the weights at S i - P") {
    for_each_subject([](const Trial& trial, const Kernel& kernel) {
        const Problem& p = trial.problem;
        Random random(trial.seed);
        const Scalars w = integers(p, p.weight_shape(), 1000, random);
        const std::size_t parts = parts_of(p);
        for (int repeat = 0; repeat < 4; ++repeat) {
            Scalars x = integers(p, p.input_shape(), 0, random);
            const auto at =
                static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(x.size() / parts) - 1));
            x[at * parts] = 1;
            const Scalars y = apply(kernel, x, w);
            Scalars weights(y.size());
            for_each_product(p, [&](std::size_t xi, std::size_t wi, std::size_t yi) {
                for (std::size_t part = 0; xi == at && part < parts; ++part) {
                    weights[yi * parts + part] = w[wi * parts + part];
                }
            });
            INFO(trial.text() << ", impulse at element " << at);
            CHECK(y == weights);
        }
    });
}

TEST_CASE("shift: the input moved by one moves the output by the stride") {
    for_each_subject([](const Trial& trial, const Kernel& kernel) {
        const Problem& p = trial.problem;
        Random random(trial.seed);
        const Scalars w = integers(p, p.weight_shape(), 15, random);
        for (int axis = 0; axis < p.rank; ++axis) {
            const Sliced in = slices(p.input_shape(), p.input_layout, axis, parts_of(p));
            const Sliced out = slices(p.output_shape(), p.output_layout, axis, parts_of(p));
            Scalars x = integers(p, p.input_shape(), 15, random);
            Scalars moved(x.size());
            for_each_scalar(in, [&](std::size_t i, std::size_t at) {
                if (i + 1 == in.extent) x[at] = 0;  // what would be moved out
            });
            for_each_scalar(in, [&](std::size_t i, std::size_t at) { moved[at] = i == 0 ? 0 : x[at - in.behind]; });
            const Scalars y = apply(kernel, x, w);
            const Scalars y_moved = apply(kernel, moved, w);
            const auto stride = static_cast<std::size_t>(p.axes[axis].stride);
            std::size_t different = 0;
            for_each_scalar(out, [&](std::size_t o, std::size_t at) {
                if (o >= stride) different += y_moved[at] != y[at - stride * out.behind];
            });
            INFO(trial.text() << ", axis " << axis);
            CHECK(different == 0);
        }
    });
}

TEST_CASE("the same bits on one to four threads and again") {
    for_each_subject([](const Trial& trial, const Kernel& kernel) {
        const Problem& p = trial.problem;
        const Operands operands = uniform_operands(p, trial.seed);
        const auto bits = [&](const Kernel& k, int threads) {
            RunOptions options;
            options.threads = threads;
            const Result<std::vector<std::byte>> y = run_guarded(k, operands, options);
            INFO(trial.text() << " " << y.status().message());
            REQUIRE(y.ok());
            return y.value();
        };
        const std::vector<std::byte> once = bits(kernel, 1);
        INFO(trial.text());
        CHECK((once == bits(kernel, 1)));
        // Small problems run on one thread by default: take every way to be parallel that the strategy has.
        for (const Knob& knob : schedule_space(trial.strategy, p, trial.target)) {
            if (knob.name != "par") continue;
            for (int value : knob.values) {
                Trial parallel = trial;
                parallel.schedule = default_schedule(trial.strategy, p, trial.target);
                parallel.schedule->set("par", value);
                const Result<std::shared_ptr<const Kernel>> threaded = compile(parallel);
                INFO(parallel.text() << " " << threaded.status().message());
                REQUIRE(threaded.ok());
                for (int threads = 1; threads <= 4; ++threads)
                    CHECK((once == bits(*threaded.value(), threads)));
            }
        }
    });
}

}  // namespace convt::test
