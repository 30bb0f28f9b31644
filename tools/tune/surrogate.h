// SPDX-License-Identifier: Apache-2.0
// What the tuner believes of candidates that it has not tried, learned from its own trials: a Gaussian process over the
// logarithm of the time.
//
//   log time = slope * log(cycles of the analytic model) + what a strategy's candidates share + what near ones share
//
// Near is counted in steps through the knobs' lists of values, so that it serves any strategy and any knob. Why this
// one: trials are few (0.3 s of compiling each) and noisy, which is where kriging beats trees and lines; it says how
// sure it is, which tells a region that is slow from one that nobody has looked at; and it takes the analytic model as
// a prior, trusted as far as the trials bear it out (slope 0 or 1, by likelihood). Its cost is a Cholesky factor of at
// most 300 trials: 10 ms.
#pragma once

#include <vector>

namespace convt::tune {

struct Point {
    int strategy = 0;
    std::vector<double> steps;  // index of each knob's value in its list
    double log_cycles = 0.0;    // 0 where the model has no opinion
};

struct Belief {
    double mean = 0.0;  // of log time
    double deviation = 0.0;
};

// How much lower than `best` a candidate is expected to turn out, counting only the part below: what is worth trying
// next is the largest.
double expected_improvement(const Belief& belief, double best);

class Surrogate {
  public:
    // Of as many trials; none is legal and believes nothing.
    void fit(std::vector<Point> points, const std::vector<double>& log_us);
    Belief at(const Point& point) const;

  private:
    // Chosen from a short list by marginal likelihood (Rasmussen and Williams, Gaussian Processes for Machine Learning,
    // 2006, algorithm 2.1 and section 5.4.1).
    struct Shape {
        double slope = 1.0;
        double near = 0.3;   // deviation of what near candidates share
        double reach = 2.0;  // steps
        double noise = 0.05;
    };

    double covariance(const Shape& shape, const Point& a, const Point& b) const;
    // Log likelihood; leaves factor, weights and offset of `shape`.
    double factorize(const Shape& shape);
    void choose_shape();

    std::vector<Point> points_;
    std::vector<double> log_us_;
    Shape shape_;
    std::size_t shaped_at_ = 0;  // trials when the shape was last chosen
    double offset_ = 0.0;
    std::vector<double> factor_;   // lower triangle, row by row
    std::vector<double> weights_;  // inverse covariance times residuals
};

}  // namespace convt::tune
