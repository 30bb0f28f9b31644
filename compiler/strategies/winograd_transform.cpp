// SPDX-License-Identifier: Apache-2.0
#include "compiler/strategies/winograd_transform.h"

#include <algorithm>
#include <cmath>

namespace convt {
namespace {

double row_sum(const std::vector<double>& row) {
    double sum = 0;
    for (double entry : row)
        sum += std::abs(entry);
    return sum;
}

std::int64_t most_additions(const Matrix& matrix) {
    std::int64_t most = 1;
    for (const std::vector<double>& row : matrix)
        most = std::max<std::int64_t>(most, std::count_if(row.begin(), row.end(), [](double e) { return e != 0; }));
    return most - 1;
}

// F(3,2) and F(2,2) at the points 0, 1, -1 and infinity, and 0, 1 and infinity; F(2,3) at the first four.
WinogradTransform two_taps() {
    return {winograd_tile(2),
            {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
            {{1, 0}, {.5, .5}, {.5, -.5}, {0, 1}},
            {{1, 1, 1, 0}, {0, 1, -1, 0}, {0, 1, 1, 1}}};
}

WinogradTransform two_taps_small() {
    return {{2, 2, 3}, {{1, -1, 0}, {0, 1, 0}, {0, -1, 1}}, {{1, 0}, {1, 1}, {0, 1}}, {{1, 1, 0}, {0, 1, 1}}};
}

WinogradTransform three_taps() {
    return {winograd_tile(3),
            {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
            {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}},
            {{1, 1, 1, 0}, {0, 1, -1, -1}}};
}

// Entry (i, j) of `outer` times every entry of `inner`, at `step` columns from block to block; blocks may overlap.
Matrix nest(const Matrix& outer, const Matrix& inner, std::size_t step) {
    Matrix nested;
    for (const std::vector<double>& a : outer) {
        for (const std::vector<double>& b : inner) {
            std::vector<double> row(step * (a.size() - 1) + b.size());
            for (std::size_t i = 0; i < a.size(); ++i) {
                for (std::size_t j = 0; j < b.size(); ++j)
                    row[i * step + j] += a[i] * b[j];
            }
            nested.push_back(row);
        }
    }
    return nested;
}

// Four taps are two pairs, two apart: F(3,2) over the pairs, whose multiplications are F(2,2)s.
WinogradTransform four_taps() {
    const WinogradTransform outer = two_taps(), inner = two_taps_small();
    return {winograd_tile(4), nest(outer.input, inner.input, 2), nest(outer.weight, inner.weight, 2),
            nest(outer.output, inner.output, inner.output[0].size())};
}

}  // namespace

std::int64_t WinogradTransform::growth() const {
    double most = 0;
    for (const std::vector<double>& row : output) {
        double sum = 0;
        for (std::size_t e = 0; e < row.size(); ++e)
            sum += std::abs(row[e]) * row_sum(weight[e]) * row_sum(input[e]);
        most = std::max(most, sum);
    }
    return std::llround(most);
}

std::int64_t WinogradTransform::roundings() const {
    return most_additions(input) + most_additions(weight) + most_additions(output);
}

std::int64_t WinogradTransform::divisor() const {
    double smallest = 1;
    for (const std::vector<double>& row : weight) {
        for (double entry : row)
            smallest = entry != 0 ? std::min(smallest, std::abs(entry)) : smallest;
    }
    return std::llround(1 / smallest);
}

WinogradTransform winograd_transform(int taps) {
    switch (taps) {
        case 2:
            return two_taps();
        case 3:
            return three_taps();
        case 4:
            return four_taps();
        default:
            return {winograd_tile(1), {{1}}, {{1}}, {{1}}};
    }
}

}  // namespace convt
