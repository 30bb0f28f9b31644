// SPDX-License-Identifier: Apache-2.0
// The C interface: statuses, problems and targets.
#include "compiler/capi/support.h"

namespace convt::capi {

convt_code report(const Status& status, convt_error* error) noexcept {
    const auto code = static_cast<convt_code>(status.code());
    constexpr std::size_t header = offsetof(convt_error, message);
    if (error == nullptr || error->struct_size <= header) return code;
    error->code = code;
    const std::size_t room = error->struct_size - header;
    const std::size_t length = std::min(status.message().size(), room - 1);
    std::memcpy(error->message, status.message().data(), length);
    error->message[length] = '\0';
    return code;
}

namespace {

static_assert(CONVT_INTERNAL == static_cast<int>(Code::internal) && CONVT_CORRUPT == static_cast<int>(Code::corrupt));
static_assert(CONVT_S32 == static_cast<int>(ElementType::s32) && CONVT_MAX_RANK == TensorView::max_rank);

std::vector<std::int64_t> shape_of(const Problem& problem, convt_operand operand) {
    switch (operand) {
        case CONVT_INPUT:
            return problem.input_shape();
        case CONVT_WEIGHTS:
            return problem.weight_shape();
        case CONVT_OUTPUT:
            return problem.output_shape();
        case CONVT_BIAS:
            break;
    }
    return problem.bias ? std::vector{problem.out_channels} : std::vector<std::int64_t>{};
}

// Fills `extents` with what `shape` returns; the answer is its rank, 0 where there is no memory for it.
template <typename Shape>
int put_shape(const Shape& shape, std::int64_t* extents) {
    int rank = 0;
    guarded(nullptr, [&]() -> Status {
        const std::vector<std::int64_t> made = shape();
        std::copy(made.begin(), made.end(), extents);
        rank = static_cast<int>(made.size());
        return {};
    });
    return rank;
}

const EpilogueOperand* operand_at(const convt_problem* problem, int index) {
    const bool exists = index >= 0 && static_cast<std::size_t>(index) < problem->operands.size();
    return exists ? &problem->operands[static_cast<std::size_t>(index)] : nullptr;
}

}  // namespace

Status put_problem(Result<Problem> made, convt_problem** problem) {
    if (!made.ok()) return made.status();
    std::string canonical = made.value().text();
    std::vector<EpilogueOperand> operands = made.value().epilogue_operands();
    *problem = new convt_problem{std::move(made).value(), std::move(canonical), std::move(operands)};
    return {};
}

}  // namespace convt::capi

using namespace convt;
using namespace convt::capi;

const char* convt_version(void) {
    return version();
}

const char* convt_code_name(convt_code code) {
    return code_name(static_cast<Code>(code)).data();  // a literal
}

convt_code convt_problem_parse(const char* text, convt_problem** problem, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (problem == nullptr) return null_argument("problem");
        *problem = nullptr;
        if (text == nullptr) return null_argument("text");
        return put_problem(Problem::parse(text), problem);
    });
}

convt_code convt_problem_close(const convt_problem* open, int64_t batch, const int64_t* input, convt_problem** problem,
                               convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (problem == nullptr) return null_argument("problem");
        *problem = nullptr;
        if (open == nullptr) return null_argument("open");
        if (input == nullptr) return null_argument("input");
        return put_problem(open->value.closed(batch, {input, static_cast<std::size_t>(open->value.rank)}), problem);
    });
}

void convt_problem_destroy(convt_problem* problem) {
    delete problem;
}

const char* convt_problem_text(const convt_problem* problem) {
    return problem->text.c_str();
}

convt_element_type convt_problem_type(const convt_problem* problem, convt_operand operand) {
    const ProblemTypeInfo& types = problem->value.types();
    switch (operand) {
        case CONVT_INPUT:
            return static_cast<convt_element_type>(types.input);
        case CONVT_WEIGHTS:
            return static_cast<convt_element_type>(types.weights);
        case CONVT_OUTPUT:
            return static_cast<convt_element_type>(types.output);
        case CONVT_BIAS:
            break;
    }
    return static_cast<convt_element_type>(types.sum);
}

int convt_problem_shape(const convt_problem* problem, convt_operand operand, int64_t extents[CONVT_MAX_RANK]) {
    return put_shape([&] { return shape_of(problem->value, operand); }, extents);
}

int convt_problem_operand_count(const convt_problem* problem) {
    return static_cast<int>(problem->operands.size());
}

const char* convt_problem_operand_name(const convt_problem* problem, int index) {
    const EpilogueOperand* const operand = operand_at(problem, index);
    return operand == nullptr ? nullptr : operand->name.c_str();
}

convt_element_type convt_problem_operand_type(const convt_problem* problem, int index) {
    const EpilogueOperand* const operand = operand_at(problem, index);
    return operand == nullptr ? CONVT_F32 : static_cast<convt_element_type>(operand->type);
}

int convt_problem_operand_shape(const convt_problem* problem, int index, int64_t extents[CONVT_MAX_RANK]) {
    const EpilogueOperand* const operand = operand_at(problem, index);
    if (operand == nullptr) return 0;
    return put_shape([&] { return problem->value.operand_shape(*operand); }, extents);
}

convt_code convt_target_parse(const char* text, convt_target** target, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (target == nullptr) return null_argument("target");
        *target = nullptr;
        if (text == nullptr) return null_argument("text");
        const Result<Target> parsed = Target::parse(text);
        if (!parsed.ok()) return parsed.status();
        *target = new convt_target{parsed.value(), parsed.value().text()};
        return {};
    });
}

void convt_target_destroy(convt_target* target) {
    delete target;
}

const char* convt_target_text(const convt_target* target) {
    return target->text.c_str();
}
