// SPDX-License-Identifier: Apache-2.0
// Modules and their functions. PTX text alone is taken: a cubin gets the answer that a device gives to one of another
// architecture, so that falling back to PTX can be tested.
#include "tests/support/ptx/driver_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

using namespace convt::ptx;

namespace {

// What cuModuleLoadDataEx was told.
struct JitOptions {
    int max_registers = 0;
    char* error_log = nullptr;
    std::size_t error_log_bytes = 0;

    JitOptions(unsigned count, const CUjit_option* options, void* const* values) {
        for (unsigned i = 0; i < count; ++i) {
            const auto number = reinterpret_cast<std::uintptr_t>(values[i]);
            if (options[i] == CU_JIT_MAX_REGISTERS) max_registers = static_cast<int>(number);
            if (options[i] == CU_JIT_ERROR_LOG_BUFFER) error_log = static_cast<char*>(values[i]);
            if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) error_log_bytes = number;
        }
    }
    CUresult fail(CUresult code, const std::string& why) const {
        if (error_log != nullptr && error_log_bytes > 0) {
            const std::size_t bytes = std::min(why.size(), error_log_bytes - 1);
            std::memcpy(error_log, why.data(), bytes);
            error_log[bytes] = '\0';
        }
        return convt::ptx::fail(code, why);
    }
};

bool is_binary(const char* image) {
    constexpr unsigned fat_binary_magic = 0xBA55ED50U;
    unsigned magic = 0;
    if (std::strncmp(image, "\177ELF", 4) == 0) return true;
    if (std::strlen(image) >= sizeof(magic)) std::memcpy(&magic, image, sizeof(magic));
    return magic == fat_binary_magic;
}

// The architecture of a cubin as CUDA 13's ptxas writes it: in bits 8 to 15 of the ELF header's flags.
std::string name_of(const char* image) {
    constexpr std::size_t flags_offset = 48;
    constexpr std::size_t abi_offset = 7;
    if (image[abi_offset] == '\0') return "binary";  // no system's: nothing that ptxas made
    unsigned flags = 0;
    std::memcpy(&flags, image + flags_offset, sizeof(flags));
    return fmt::format("cubin {}", flags >> 8U & 0xFFU);
}

// 10 times major and minor behind `.version`, and the number behind `.target sm_`.
int number_behind(const std::string& text, const char* word) {
    const std::size_t at = text.find(word);
    int number = 0;
    for (std::size_t i = at + std::strlen(word); at != std::string::npos && i < text.size(); ++i) {
        if (text[i] == '.') continue;
        if (text[i] < '0' || text[i] > '9') break;
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

CUresult load(Machine& all, CUctx_st& context, CUmodule* module, const char* image, const JitOptions& options) {
    if (image == nullptr || module == nullptr) return fail(CUDA_ERROR_INVALID_VALUE, "no image");
    all.images.push_back(is_binary(image) ? name_of(image)
                                          : fmt::format("ptx {}", number_behind(image, ".target sm_")));
    if (is_binary(image))
        return options.fail(CUDA_ERROR_NO_BINARY_FOR_GPU, "the stand-in driver takes PTX, this is a binary");
    if (number_behind(image, ".version ") > all.ptx_version)
        return options.fail(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "this driver is older than the PTX");
    auto made = std::make_unique<CUmod_st>();
    made->context = &context;
    made->max_registers = options.max_registers;
    try {
        made->loaded = std::make_unique<LoadedModule>(image, context.memory);
    } catch (const Error& error) {
        return options.fail(CUDA_ERROR_INVALID_PTX, error.what());
    }
    const int capability = 10 * all.capability_major + all.capability_minor;
    if (made->loaded->capability() > capability) {
        return options.fail(CUDA_ERROR_NO_BINARY_FOR_GPU,
                            fmt::format("PTX for sm_{} on a device of sm_{}", made->loaded->capability(), capability));
    }
    for (const auto& [name, program] : made->loaded->kernels())
        made->functions[name] = {made.get(), &program, 0};
    *module = made.get();
    context.modules.emplace(made.get(), std::move(made));
    return CUDA_SUCCESS;
}

}  // namespace

CUfunc_st* convt::ptx::function_of(CUctx_st& context, CUfunction function) {
    for (auto& [handle, module] : context.modules) {
        for (auto& [name, candidate] : module->functions) {
            if (&candidate == function) return &candidate;
        }
    }
    return nullptr;
}

CONVT_PTX_EXPORT CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, CUjit_option* options,
                                             void** values) {
    return with_context([&](Machine& all, CUctx_st& context) {
        return load(all, context, module, static_cast<const char*>(image), JitOptions(count, options, values));
    });
}
CONVT_PTX_EXPORT CUresult cuModuleLoadData(CUmodule* module, const void* image) {
    return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}
CONVT_PTX_EXPORT CUresult cuModuleUnload(CUmodule module) {
    return with_context([&](Machine&, CUctx_st& context) {
        return context.modules.erase(module) != 0
                   ? CUDA_SUCCESS
                   : fail(CUDA_ERROR_INVALID_HANDLE, "the module is none of this context");
    });
}
CONVT_PTX_EXPORT CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    return with_context([&](Machine&, CUctx_st& context) {
        const auto found = context.modules.find(module);
        if (found == context.modules.end())
            return fail(CUDA_ERROR_INVALID_HANDLE, "the module is none of this context");
        const auto kernel = found->second->functions.find(name);
        if (kernel == found->second->functions.end())
            return fail(CUDA_ERROR_NOT_FOUND, fmt::format("no kernel {}", name));
        *function = &kernel->second;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr* address, std::size_t* bytes, CUmodule module,
                                               const char* name) {
    return with_context([&](Machine&, CUctx_st& context) {
        const auto found = context.modules.find(module);
        if (found == context.modules.end())
            return fail(CUDA_ERROR_INVALID_HANDLE, "the module is none of this context");
        const Allocation* variable = found->second->loaded->variable(name);
        if (variable == nullptr) return fail(CUDA_ERROR_NOT_FOUND, fmt::format("no variable {}", name));
        if (address != nullptr) *address = variable->address();
        if (bytes != nullptr) *bytes = variable->bytes();
        return CUDA_SUCCESS;
    });
}

CONVT_PTX_EXPORT CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
    return with_context([&](Machine&, CUctx_st& context) {
        CUfunc_st* found = function_of(context, function);
        if (found == nullptr) return fail(CUDA_ERROR_INVALID_HANDLE, "the function is none of this context");
        if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0) {
            return fail(CUDA_ERROR_NOT_SUPPORTED, "this attribute of a function cannot be set here");
        }
        found->max_dynamic_shared = static_cast<std::uint64_t>(value);
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction function) {
    return with_context([&](Machine&, CUctx_st& context) {
        const CUfunc_st* found = function_of(context, function);
        if (found == nullptr) return fail(CUDA_ERROR_INVALID_HANDLE, "the function is none of this context");
        switch (attribute) {
            case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
                *value = 1024;
                break;
            case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
                *value = static_cast<int>(found->program->shared_bytes);
                break;
            case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
                *value = static_cast<int>(found->program->local_bytes);
                break;
            case CU_FUNC_ATTRIBUTE_PTX_VERSION:
                *value = found->module->loaded->capability();
                break;
            case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
                *value = static_cast<int>(found->max_dynamic_shared);
                break;
            default:
                return fail(CUDA_ERROR_NOT_SUPPORTED, "this attribute of a function is not known here");
        }
        return CUDA_SUCCESS;
    });
}
