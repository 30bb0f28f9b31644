// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vectors.h"

#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>

namespace convt::test {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);)
        parts.push_back(part);
    return parts;
}

AutoPad auto_pad(const std::string& word, AutoPad otherwise) {
    static const std::map<std::string, AutoPad> rows{{"SAME_UPPER", AutoPad::same_upper},
                                                     {"SAME", AutoPad::same_upper},
                                                     {"SAME_LOWER", AutoPad::same_lower},
                                                     {"VALID", AutoPad::valid},
                                                     {"notset", AutoPad::notset}};
    return word.empty() ? otherwise : rows.at(word);
}

Result<FrameworkLayer> onnx(const LayerSizes& sizes, const Arguments& a) {
    return from_onnx(sizes, {auto_pad(a.word("auto_pad"), AutoPad::notset), a.list("dilations"), a.number("g"),
                             a.list("output_padding"), a.list("output_shape"), a.list("pads"), a.list("strides")});
}

Result<FrameworkLayer> pytorch(const LayerSizes& sizes, const Arguments& a) {
    return from_pytorch(sizes, {a.list("stride"), a.list("padding"), a.list("output_padding"), a.number("g"),
                                a.list("dilation"), a.list("output_size")});
}

Result<FrameworkLayer> tensorflow(const LayerSizes& sizes, const Arguments& a) {
    return from_tensorflow(sizes,
                           {a.list("output_shape"), a.list("strides"), auto_pad(a.word("padding"), AutoPad::same_upper),
                            a.pairs("explicit_paddings"), a.list("dilations"), Layout::channels_last});
}

Result<FrameworkLayer> keras(const LayerSizes& sizes, const Arguments& a) {
    return from_keras(sizes, {a.list("strides"), auto_pad(a.word("padding"), AutoPad::valid), a.list("output_padding"),
                              a.list("dilation_rate"), Layout::channels_last});
}

Result<FrameworkLayer> jax(const LayerSizes& sizes, const Arguments& a) {
    return from_jax(
        sizes, {a.list("strides"), auto_pad(a.word("padding"), AutoPad::same_upper), a.pairs("explicit_padding"),
                a.list("rhs_dilation"), a.word("transpose_kernel") == "1", a.word("use_consistent_padding") == "1"});
}

}  // namespace

Arguments::Arguments(const std::string& text) {
    for (const std::string& word : split(text, ' ')) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) throw std::runtime_error("not key=value: " + word);
        words_[word.substr(0, equals)] = word.substr(equals + 1);
    }
}

std::string Arguments::word(const std::string& key) const {
    const auto found = words_.find(key);
    return found == words_.end() ? std::string() : found->second;
}

std::vector<std::int64_t> Arguments::list(const std::string& key) const {
    std::vector<std::int64_t> numbers;
    for (const std::string& number : split(word(key), ','))
        numbers.push_back(std::stoll(number));
    return numbers;
}

std::int64_t Arguments::number(const std::string& key) const {
    return std::stoll(words_.at(key));
}

std::vector<Padding> Arguments::pairs(const std::string& key) const {
    const std::vector<std::int64_t> numbers = list(key);
    std::vector<Padding> pairs;
    for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
        pairs.push_back({numbers[i], numbers[i + 1]});
    return pairs;
}

std::vector<Vector> read_vectors(const std::string& framework) {
    const std::string path = std::string(CONVT_TEST_GOLDEN) + "/" + framework + ".tsv";
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    std::vector<Vector> vectors;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        const std::vector<std::string> fields = split(line, '\t');
        if (fields.size() != 4) throw std::runtime_error(path + ": not four fields: " + line);
        Vector vector{fields[0], fields[1], Arguments("shape=" + fields[2]).list("shape"), {}};
        for (const std::string& value : split(fields[3], ' '))
            vector.y.push_back(std::stod(value));
        vectors.push_back(std::move(vector));
    }
    return vectors;
}

Result<FrameworkLayer> layer_of(const std::string& framework, const std::string& text) {
    const Arguments a(text);
    using Function = Result<FrameworkLayer> (*)(const LayerSizes&, const Arguments&);
    static const std::map<std::string, Function> functions{
        {"onnx", onnx}, {"pytorch", pytorch}, {"tensorflow", tensorflow}, {"keras", keras}, {"jax", jax}};
    const LayerSizes sizes{ProblemType::f32, a.number("n"),    a.number("ci"),       a.number("co"),
                           a.list("input"),  a.list("kernel"), a.number("bias") != 0};
    return functions.at(framework)(sizes, a);
}

std::vector<double> recorded_tensor(std::uint32_t seed, std::size_t elements) {
    std::vector<double> values;
    for (std::uint32_t state = seed; values.size() < elements;) {
        state = 1664525U * state + 1013904223U;
        values.push_back(static_cast<double>((state >> 16U) % 5U) - 2.0);
    }
    return values;
}

}  // namespace convt::test
