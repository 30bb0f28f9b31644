// SPDX-License-Identifier: Apache-2.0
// What the C interface's functions share: handles, statuses out, versioned structs in and out. No exception leaves.
#pragma once

#include "convt/convt_c.h"
#include "convt/engine.h"
#include "convt/stream.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct convt_problem {
    convt::Problem value;
    std::string text;
    std::vector<convt::EpilogueOperand> operands;
};

struct convt_target {
    convt::Target value;
    std::string text;
};

struct convt_engine {
    std::unique_ptr<convt::Engine> value;
};

struct convt_kernel {
    std::shared_ptr<const convt::Kernel> value;
};

struct convt_packed_weights {
    convt::PackedWeights value;
};

struct convt_stream {
    convt::Stream value;
};

namespace convt::capi {

// Fills `error`, where there is one, and gives the code back.
convt_code report(const Status& status, convt_error* error) noexcept;
inline Status null_argument(const char* name) {
    return {Code::invalid_argument, std::string(name) + " is null"};
}

// Runs `function`, which returns a Status; what it throws becomes one.
template <typename Function>
convt_code guarded(convt_error* error, Function&& function) noexcept {
    try {
        return report(function(), error);
    } catch (const std::bad_alloc&) {
        return report({Code::out_of_memory, "no memory"}, error);
    } catch (...) {
        return report({Code::internal, "exception"}, error);
    }
}

// The caller's struct as this version knows it: what the caller does not know is zero. False where it is too short to
// hold its own size.
template <typename T>
bool read_struct(const T* from, T& to) noexcept {
    to = T{};
    if (from->struct_size < sizeof from->struct_size) return false;
    std::memcpy(static_cast<void*>(&to), from, std::min(from->struct_size, sizeof(T)));
    return true;
}

// Fills as much of the caller's struct as the caller knows; struct_size stays the caller's.
template <typename T>
bool write_struct(T from, T* to) noexcept {
    from.struct_size = to->struct_size;
    if (to->struct_size < sizeof to->struct_size) return false;
    std::memcpy(static_cast<void*>(to), &from, std::min(to->struct_size, sizeof(T)));
    return true;
}

// Gives the host what was made of its description, or the reason why not.
Status put_problem(Result<Problem> made, convt_problem** problem);

// A caller's tensor as the library sees it. Code::invalid_argument names it.
Status read_tensor(const char* name, const convt_tensor* tensor, TensorView& view);

// What a call takes beside weights, as the library sees it; lives as long as the call. Tensors that are null stay
// empty.
class CallArguments {
  public:
    Status read(const convt_tensor* x_tensor, const convt_tensor* bias_tensor, const convt_tensor* y_tensor,
                const convt_call_options* given);
    TensorView x, bias, y;
    CallOptions options;

  private:
    convt_call_options given_{};
    std::unique_ptr<Executor> executor_;
    std::vector<TensorView> operands_;
};

inline Status short_struct(const char* name, std::size_t size) {
    return {Code::invalid_argument,
            std::string(name) + ".struct_size is " + std::to_string(size) + ", must be sizeof of the struct"};
}

}  // namespace convt::capi
