// SPDX-License-Identifier: Apache-2.0
#include "compiler/device_code.h"

#include "compiler/ptxas.h"
#include "runtime/cuda/container.h"

#include <algorithm>
#include <cstring>

namespace convt {
namespace {

// Architectures that get a cubin, from the target's own on: those of the target table and 9.0. Others take the PTX.
constexpr int cubin_capabilities[] = {75, 80, 86, 90};

constexpr int registers_of_a_block = 65'536;  // CUDA C++ Programming Guide, technical specifications: 7.5 to 9.0
constexpr int registers_of_a_thread = 255;
constexpr int register_granularity = 8;

// The most threads a launch in `function` asks for.
class Threads final : public Halide::Internal::IRVisitor {
  public:
    int most = 0;

  private:
    using IRVisitor::visit;
    void visit(const Halide::Internal::Call* call) override {
        IRVisitor::visit(call);
        if (call->name != "halide_cuda_run") return;
        // State, name, blocks x y z, threads x y z.
        std::int64_t threads = 1;
        for (std::size_t i = 5; i < 8; ++i) {
            const auto extent = Halide::Internal::as_const_int(call->args[i]);
            threads *= extent ? *extent : 1024;
        }
        most = std::max(most, static_cast<int>(std::min<std::int64_t>(threads, 1024)));
    }
};

// As many as the largest block can have at once: a launch that asks for more is refused.
int max_registers(const Halide::Module& module) {
    Threads threads;
    for (const Halide::Internal::LoweredFunc& function : module.functions())
        function.body.accept(&threads);
    const int each = registers_of_a_block / std::max(threads.most, 1) / register_granularity * register_granularity;
    return std::min(each, registers_of_a_thread);
}

struct Image {
    bool is_ptx;
    int capability;
    std::vector<std::byte> bytes;
};

std::vector<Image> make_images(std::string_view ptx, int capability, int registers) {
    std::vector<Image> images;
    std::vector<std::byte> text(ptx.size() + 1, std::byte{0});
    std::memcpy(text.data(), ptx.data(), ptx.size());
    images.push_back({true, capability, std::move(text)});
    const std::string ptxas = find_ptxas();
    for (const int device : cubin_capabilities) {
        if (ptxas.empty() || device < capability) continue;
        std::optional<Assembled> made = assemble(ptxas, ptx, device, registers);
        if (made && !made->cubin.empty()) images.push_back({false, device, std::move(made->cubin)});
    }
    return images;
}

std::uint32_t aligned(std::size_t bytes) {
    return static_cast<std::uint32_t>((bytes + cuda::image_alignment - 1) / cuda::image_alignment *
                                      cuda::image_alignment);
}

Halide::Buffer<std::uint8_t> make_container(const std::vector<Image>& images, int registers, const std::string& name) {
    cuda::ContainerHeader header{};
    std::memcpy(header.magic, cuda::container_magic, sizeof header.magic);
    header.version = cuda::container_version;
    header.max_registers = static_cast<std::uint32_t>(registers);
    header.images = static_cast<std::uint32_t>(images.size());
    std::vector<cuda::ContainerImage> table;
    std::uint32_t end = aligned(sizeof header + images.size() * sizeof(cuda::ContainerImage));
    for (const Image& image : images) {
        const auto bytes = static_cast<std::uint32_t>(image.bytes.size());
        table.push_back({static_cast<std::uint32_t>(image.capability), image.is_ptx ? 1U : 0U, end, bytes});
        end = aligned(end + bytes);
    }
    header.bytes = end;
    Halide::Buffer<std::uint8_t> container(static_cast<int>(end), name);
    std::uint8_t* const data = container.data();
    std::memset(data, 0, end);
    std::memcpy(data, &header, sizeof header);
    std::memcpy(data + sizeof header, table.data(), table.size() * sizeof table.front());
    for (std::size_t i = 0; i < images.size(); ++i)
        std::memcpy(data + table[i].offset, images[i].bytes.data(), images[i].bytes.size());
    return container;
}

// Tells the host code the container's size.
class HostCode final : public Halide::Internal::IRMutator {
  public:
    explicit HostCode(int bytes) : bytes_(bytes) {}

  private:
    using IRMutator::visit;
    Halide::Expr visit(const Halide::Internal::Call* call) override {
        if (call->name != "halide_cuda_initialize_kernels") return IRMutator::visit(call);
        std::vector<Halide::Expr> args = call->args;
        args.back() = Halide::Expr(bytes_);
        return Halide::Internal::Call::make(call->type, call->name, args, call->call_type);
    }
    // Bounds inference may see one tap more than a kernel reads, and extents are what the shape fixes.
    Halide::Internal::Stmt visit(const Halide::Internal::AssertStmt* check) override {
        const auto* const message = check->message.as<Halide::Internal::Call>();
        if (message != nullptr && message->name == "halide_error_access_out_of_bounds")
            return Halide::Internal::Evaluate::make(0);
        return IRMutator::visit(check);
    }
    int bytes_;
};

}  // namespace

Halide::Module with_container(const Halide::Module& module, int capability) {
    const Halide::Buffer<> source = module.get_cuda_ptx_assembly_buffer();
    if (!source.defined()) return module;
    const auto* const text = static_cast<const char*>(source.data());
    const std::string_view ptx(text, strnlen(text, source.size_in_bytes()));
    const int registers = max_registers(module);
    const Halide::Buffer<std::uint8_t> container =
        make_container(make_images(ptx, capability, registers), registers, source.name());

    Halide::Module changed(module.name(), module.target());
    for (const Halide::Buffer<>& buffer : module.buffers())
        changed.append(buffer.name() == source.name() ? Halide::Buffer<>(container) : buffer);
    for (Halide::Internal::LoweredFunc function : module.functions()) {
        function.body = HostCode(container.width()).mutate(function.body);
        changed.append(function);
    }
    return changed;
}

}  // namespace convt
