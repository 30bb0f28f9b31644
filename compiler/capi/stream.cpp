// SPDX-License-Identifier: Apache-2.0
// The C interface: streams.
#include "compiler/capi/support.h"

using namespace convt;
using namespace convt::capi;

convt_code convt_stream_problem(const convt_problem* whole, int64_t frames, convt_problem** problem,
                                convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (problem == nullptr) return null_argument("problem");
        *problem = nullptr;
        if (whole == nullptr) return null_argument("whole");
        return put_problem(Stream::problem(whole->value, frames), problem);
    });
}

convt_code convt_stream_create(const convt_problem* whole, const convt_kernel* const* kernels,
                               const convt_packed_weights* const* weights, int count, convt_stream** stream,
                               convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (stream == nullptr) return null_argument("stream");
        *stream = nullptr;
        if (whole == nullptr) return null_argument("whole");
        if (kernels == nullptr) return null_argument("kernels");
        if (weights == nullptr) return null_argument("weights");
        std::vector<StreamKernel> list;
        for (int i = 0; i < count; ++i) {
            if (kernels[i] == nullptr) return null_argument("kernel");
            if (weights[i] == nullptr) return null_argument("weights");
            list.push_back({kernels[i]->value, &weights[i]->value});
        }
        Result<Stream> made = Stream::create(whole->value, list);
        if (!made.ok()) return made.status();
        *stream = new convt_stream{std::move(made).value()};
        return {};
    });
}

void convt_stream_destroy(convt_stream* stream) {
    delete stream;
}

int64_t convt_stream_outputs(const convt_stream* stream, int64_t frames) {
    return stream == nullptr ? 0 : stream->value.outputs(frames);
}

int64_t convt_stream_rest(const convt_stream* stream) {
    return stream == nullptr ? 0 : stream->value.rest();
}

convt_code convt_stream_push(convt_stream* stream, const convt_tensor* x, const convt_tensor* bias,
                             const convt_tensor* y, const convt_call_options* options, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (stream == nullptr) return null_argument("stream");
        if (x == nullptr) return null_argument("x");
        CallArguments call;
        if (Status status = call.read(x, bias, y, options); !status.ok()) return status;
        return stream->value.push(call.x, call.bias, call.y, call.options);
    });
}

convt_code convt_stream_finish(convt_stream* stream, const convt_tensor* bias, const convt_tensor* y,
                               const convt_call_options* options, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (stream == nullptr) return null_argument("stream");
        CallArguments call;
        if (Status status = call.read(nullptr, bias, y, options); !status.ok()) return status;
        return stream->value.finish(call.bias, call.y, call.options);
    });
}

void convt_stream_reset(convt_stream* stream) {
    if (stream != nullptr) stream->value.reset();
}
