// SPDX-License-Identifier: Apache-2.0
// A kernel: a loaded object that can be called. Calls check their arguments, write nothing on failure, and may come
// from many threads.
#pragma once

#include "convt/export.h"
#include "convt/object.h"
#include "convt/tensor.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace convt {

// A host's own threads. `parallel_for` runs task(0) .. task(count - 1), each exactly once, in any order on any threads,
// and returns when all have ended. Tasks do not throw.
class CONVT_API Executor {
  public:
    virtual ~Executor() = default;
    virtual void parallel_for(int count, const std::function<void(int)>& task) = 0;
};

struct CallOptions {
    // The tensors that the problem's epilogue takes, in the order of Problem::epilogue_operands. Not owned.
    std::span<const TensorView> operands = {};
    // Threads for this call, the caller's included: 0 takes the process default (set_default_threads), 1 uses the
    // caller alone. The result has the same bits for every value.
    int threads = 0;
    // Runs the parallel parts in place of convt's own pool. Not owned; must outlive the call.
    Executor* executor = nullptr;
    // Of a kernel for a GPU: the CUcontext it runs in, null for the primary context of device 0 (retained for as long
    // as the process lives), and the CUstream of that context its work goes to, null for the context's default stream.
    // Not owned. What a kernel and packed weights keep in a context they free when they end: the context should outlive
    // them; one that is gone took it along. Calls may come from many threads, in many contexts and streams at once.
    void* cuda_context = nullptr;
    void* cuda_stream = nullptr;
};

// Default thread count of convt's pool; 0 means one per CPU this process may run on. Thread-safe; survives fork.
CONVT_API void set_default_threads(int threads) noexcept;
CONVT_API int default_threads() noexcept;

// Weights in the order a kernel reads them. Owned by the caller, shared by all kernels of the same plan; immutable,
// thread-safe.
class CONVT_API PackedWeights {
  public:
    PackedWeights(PackedWeights&&) noexcept;
    PackedWeights& operator=(PackedWeights&&) noexcept;
    PackedWeights(const PackedWeights&) = delete;
    PackedWeights& operator=(const PackedWeights&) = delete;
    ~PackedWeights();
    std::size_t bytes() const noexcept;
    const void* data() const noexcept;  // 64-byte aligned
    // Identifies the packing: kernels whose plans agree in it share packed weights.
    const std::string& layout() const noexcept;

  private:
    friend class Kernel;
    struct Impl;
    explicit PackedWeights(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

class CONVT_API Kernel {
  public:
    ~Kernel();
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    // Loads an object with ORC. Code::missing_feature where this CPU cannot execute it, Code::corrupt where it does not
    // link. Does not run it: admission is `admit` (admission.h) and the engine's duty.
    static Result<std::shared_ptr<const Kernel>> load(const Object& object);

    const Problem& problem() const noexcept;
    const ObjectInfo& info() const noexcept;
    std::size_t code_bytes() const noexcept;  // bytes of machine code and constants in memory

    // weights: (C_in, C_out/groups, K...), dense. Code::invalid_argument, Code::out_of_memory.
    Result<PackedWeights> pack(const TensorView& weights) const;

    // y = epilogue(bias + convt(x, w)). x, y as the problem's layouts say, with the batch dimension or, where the batch
    // is 1, both without. Innermost dimension contiguous; other strides are free (an output may not overlap itself or
    // an input). bias: (C_out) dense, given exactly when the problem has one, else a view with null data.
    // Of an open problem x chooses what is open, among the sizes that Problem::closed takes, and y and the operands
    // must have the sizes that follow. options.operands: as many as the epilogue takes; (C_out) dense, or like y, with
    // strides of its own. Errors: Code::invalid_argument names the tensor, what it has and what it must have; nothing
    // is written then.
    //
    // A kernel for a GPU takes each of x, bias, operands and y from the host or the device (TensorView::device); views
    // on the host are copied. Where all are on the device, the call returns once its work is on the stream, and they
    // and the packed weights must live until that is done; else it returns when y is there. Packed weights are copied
    // to the device by the first call that is given them, and belong to its context from then on: in another, pack
    // again. Errors beside those above: Code::no_device (none, no driver, one too old or below the target's capability;
    // there is no silent way back to the CPU: ask for a kernel of target `host`), Code::out_of_memory.
    Status run(const TensorView& x, const PackedWeights& w, const TensorView& bias, const TensorView& y,
               const CallOptions& options = {}) const noexcept;
    // The same with unpacked weights, packed anew at every call.
    Status run(const TensorView& x, const TensorView& w, const TensorView& bias, const TensorView& y,
               const CallOptions& options = {}) const noexcept;

    struct Impl;  // convt's own

  private:
    friend Status admit(const Kernel& kernel);
    explicit Kernel(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace convt
