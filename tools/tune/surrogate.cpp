// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/surrogate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace convt::tune {

namespace {

// A strategy as a whole may be off from the model by a factor of two either way.
constexpr double strategy_deviation = 0.7;
constexpr double reshape_growth = 1.25;  // the shape is chosen anew when trials have grown by this

constexpr double slopes[] = {0.0, 1.0};
constexpr double nears[] = {0.15, 0.5};
constexpr double reaches[] = {1.0, 2.0, 4.0};
// The second is what code and buffers do from process to process: up to 30 %, a deviation of a tenth.
constexpr double noises[] = {0.02, 0.1};

// In place of the matrix its Cholesky factor's lower triangle; n rows of n.
void cholesky(std::vector<double>& matrix, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        double* const row = &matrix[i * n];
        for (std::size_t j = 0; j <= i; ++j) {
            const double* const other = &matrix[j * n];
            double sum = row[j];
            for (std::size_t k = 0; k < j; ++k)
                sum -= row[k] * other[k];
            row[j] = i == j ? std::sqrt(std::max(sum, 1e-12)) : sum / other[j];
        }
    }
}

void solve_lower(const std::vector<double>& factor, std::vector<double>& x) {
    const std::size_t n = x.size();
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < i; ++k)
            x[i] -= factor[i * n + k] * x[k];
        x[i] /= factor[i * n + i];
    }
}

void solve_upper(const std::vector<double>& factor, std::vector<double>& x) {
    const std::size_t n = x.size();
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k)
            x[i] -= factor[k * n + i] * x[k];
        x[i] /= factor[i * n + i];
    }
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += a[i] * b[i];
    return sum;
}

}  // namespace

double expected_improvement(const Belief& belief, double best) {
    const double gain = best - belief.mean;
    if (belief.deviation <= 0.0) return std::max(gain, 0.0);
    const double z = gain / belief.deviation;
    const double below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
    return belief.deviation * (z * below + density);
}

double Surrogate::covariance(const Shape& shape, const Point& a, const Point& b) const {
    if (a.strategy != b.strategy) return 0.0;
    double squares = 0.0;
    for (std::size_t i = 0; i < a.steps.size() && i < b.steps.size(); ++i)
        squares += (a.steps[i] - b.steps[i]) * (a.steps[i] - b.steps[i]);
    return strategy_deviation * strategy_deviation +
           shape.near * shape.near * std::exp(-0.5 * squares / (shape.reach * shape.reach));
}

double Surrogate::factorize(const Shape& shape) {
    const std::size_t n = points_.size();
    shape_ = shape;
    factor_.assign(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j)
            factor_[i * n + j] = covariance(shape, points_[i], points_[j]);
        factor_[i * n + i] += shape.noise * shape.noise;
    }
    cholesky(factor_, n);
    std::vector<double> residuals(n);
    offset_ = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        residuals[i] = log_us_[i] - shape.slope * points_[i].log_cycles;
        offset_ += residuals[i] / static_cast<double>(n);
    }
    for (double& residual : residuals)
        residual -= offset_;
    weights_ = residuals;
    solve_lower(factor_, weights_);
    solve_upper(factor_, weights_);
    double likelihood = -0.5 * dot(residuals, weights_);
    for (std::size_t i = 0; i < n; ++i)
        likelihood -= std::log(factor_[i * n + i]);
    return likelihood;
}

void Surrogate::choose_shape() {
    Shape best;
    double highest = -std::numeric_limits<double>::infinity();
    for (const double slope : slopes)
        for (const double near : nears)
            for (const double reach : reaches)
                for (const double noise : noises) {
                    const Shape shape{slope, near, reach, noise};
                    const double likelihood = factorize(shape);
                    if (likelihood <= highest) continue;
                    highest = likelihood;
                    best = shape;
                }
    shape_ = best;
    shaped_at_ = points_.size();
}

void Surrogate::fit(std::vector<Point> points, const std::vector<double>& log_us) {
    points_ = std::move(points);
    log_us_ = log_us;
    // Below ten trials any shape fits; then its first guess stands.
    if (points_.size() >= 10 && static_cast<double>(points_.size()) >= reshape_growth * static_cast<double>(shaped_at_))
        choose_shape();
    factorize(shape_);
}

Belief Surrogate::at(const Point& point) const {
    std::vector<double> towards(points_.size());
    for (std::size_t i = 0; i < points_.size(); ++i)
        towards[i] = covariance(shape_, point, points_[i]);
    const double mean = offset_ + shape_.slope * point.log_cycles + dot(towards, weights_);
    solve_lower(factor_, towards);
    const double variance = covariance(shape_, point, point) - dot(towards, towards);
    return {mean, std::sqrt(std::max(variance, 0.0))};
}

}  // namespace convt::tune
