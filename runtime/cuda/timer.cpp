// SPDX-License-Identifier: Apache-2.0
// What tuning asks of a device: its name and size, and how long work on it takes.
#include "runtime/cuda/driver.h"

namespace {

using namespace convt::cuda;

struct Event {
    Event(const Driver& d, convt_cuda_call* call) : driver(d) {
        check(d, call, d.event_create(&event, 0), "making an event");
    }
    ~Event() {
        if (event != nullptr) driver.event_destroy(event);
    }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    const Driver& driver;
    void* event = nullptr;
};

}  // namespace

extern "C" {

int convt_cuda_describe(convt_cuda_call* call, struct convt_cuda_description* about) {
    const Driver& d = *driver(call);
    Device device = 0;
    const auto ask = [&](int attribute, int* value) {
        return check(d, call, d.device_attribute(value, attribute, device), "the device's size");
    };
    const bool known = check(d, call, d.current_device(&device), "the context's device") &&
                       check(d, call, d.device_name(about->name, sizeof about->name, device), "the device's name") &&
                       ask(attribute_multiprocessors, &about->multiprocessors) &&
                       ask(attribute_shared_of_multiprocessor, &about->shared_bytes) &&
                       ask(attribute_second_level_bytes, &about->second_level_bytes);
    return known ? 1 : 0;
}

int convt_cuda_time(convt_cuda_call* call, int (*work)(void*), void* data, float* milliseconds) {
    const Driver& d = *driver(call);
    const Event first(d, call), last(d, call);
    if (call->error.code != CONVT_CUDA_OK) return 0;
    const bool begun = check(d, call, d.event_record(first.event, call->stream), "recording an event");
    if (!begun || work(data) == 0) return 0;
    const bool timed =
        check(d, call, d.event_record(last.event, call->stream), "recording an event") &&
        check(d, call, d.event_synchronize(last.event), "the kernel on the device") &&
        check(d, call, d.event_elapsed(milliseconds, first.event, last.event), "the time between two events");
    return timed ? 1 : 0;
}

}  // extern "C"
