// SPDX-License-Identifier: Apache-2.0
#include "compiler/object_ptx.h"

#include "compiler/ptxas.h"
#include "runtime/cuda/container.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <string_view>

namespace convt {
namespace {

// The numbers that stand in front of `words`, in any line, put together by `combine`.
template <typename Combine>
int numbers(std::string_view text, std::string_view words, const Combine& combine) {
    int result = 0;
    for (std::size_t at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
        std::size_t from = at;
        while (from > 0 && std::isdigit(static_cast<unsigned char>(text[from - 1])) != 0)
            --from;
        int number = 0;
        std::from_chars(text.data() + from, text.data() + at, number);
        result = combine(result, number);
    }
    return result;
}

}  // namespace

Result<ObjectPtx> ptx_of(const Object& object) {
    const auto* const first = reinterpret_cast<const char*>(object.code.data());
    const std::string_view code(first, object.code.size());
    const std::size_t at = code.find(std::string_view(cuda::container_magic, sizeof cuda::container_magic));
    const auto corrupt = [](const char* what) { return Status(Code::corrupt, what); };
    if (at == std::string_view::npos || code.size() - at < sizeof(cuda::ContainerHeader))
        return corrupt("object: it has no code for a device");
    cuda::ContainerHeader header;
    std::memcpy(&header, first + at, sizeof header);
    if (header.bytes > code.size() - at || header.images > cuda::max_images ||
        header.bytes < sizeof header + header.images * sizeof(cuda::ContainerImage))
        return corrupt("object: its code for a device is cut off");
    for (std::uint32_t i = 0; i < header.images; ++i) {
        cuda::ContainerImage image;
        std::memcpy(&image, first + at + sizeof header + i * sizeof image, sizeof image);
        if (image.is_ptx == 0 || image.bytes == 0) continue;
        if (image.offset > header.bytes || image.bytes > header.bytes - image.offset)
            return corrupt("object: its PTX is cut off");
        return ObjectPtx{std::string(first + at + image.offset, image.bytes - 1),
                         static_cast<int>(header.max_registers)};
    }
    return corrupt("object: its code for a device has no PTX");
}

std::optional<AssemblyFigures> assembly_figures(const std::string& ptxas, const ObjectPtx& ptx, int capability) {
    const std::optional<Assembled> made = assemble(ptxas, ptx.text, capability, ptx.max_registers);
    if (!made) return std::nullopt;
    const auto most = [](int a, int b) { return std::max(a, b); };
    const auto sum = [](int a, int b) { return a + b; };
    return AssemblyFigures{numbers(made->told, " registers", most), numbers(made->told, " bytes spill stores", sum) +
                                                                        numbers(made->told, " bytes spill loads", sum)};
}

}  // namespace convt
