// SPDX-License-Identifier: Apache-2.0
// Packed weights: aligned memory and the name of its order.
#include "runtime/kernel/kernel_impl.h"

#include <cstdlib>

namespace convt {

void PackedWeights::Impl::Free::operator()(void* memory) const noexcept {
    std::free(memory);
}

DeviceWeights::~DeviceWeights() {
    if (address != 0) convt_cuda_free_in(context, context_id, address);
}

PackedWeights::PackedWeights(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
PackedWeights::PackedWeights(PackedWeights&&) noexcept = default;
PackedWeights& PackedWeights::operator=(PackedWeights&&) noexcept = default;
PackedWeights::~PackedWeights() = default;

std::size_t PackedWeights::bytes() const noexcept {
    return impl_ ? impl_->bytes : 0;
}
const void* PackedWeights::data() const noexcept {
    return impl_ ? impl_->data.get() : nullptr;
}

const std::string& PackedWeights::layout() const noexcept {
    static const std::string moved_from;
    return impl_ ? impl_->layout : moved_from;
}

}  // namespace convt
