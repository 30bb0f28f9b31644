// SPDX-License-Identifier: Apache-2.0
// Bounds of every offset and index that JITLink follows (System V ABI, chapter 4). What the code does is not looked at.
#include "runtime/jit/elf_check.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace convt {
namespace {

#if defined(__x86_64__)
constexpr int host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int host_machine = EM_AARCH64;
#endif

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

// The n-th T of a table that is known to lie in the file.
template <typename T>
T entry(std::span<const std::byte> elf, std::uint64_t table, std::uint64_t n) {
    T value;
    std::memcpy(&value, elf.data() + table + n * sizeof(T), sizeof value);
    return value;
}

std::string refuse_header(std::span<const std::byte> elf) {
    if (elf.size() < sizeof(Elf64_Ehdr)) return fmt::format("{} bytes are shorter than an ELF header", elf.size());
    const auto header = entry<Elf64_Ehdr>(elf, 0, 0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "no ELF magic";
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
        return "not 64-bit little-endian";
    if (header.e_type != ET_REL) return fmt::format("ELF type is {}, not {} (relocatable)", header.e_type, ET_REL);
    if (header.e_machine != host_machine)
        return fmt::format("ELF machine is {}, this one is {}", header.e_machine, host_machine);
    if (header.e_shentsize != sizeof(Elf64_Shdr) ||
        !inside(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), elf.size()))
        return "section headers lie outside the file";
    if (header.e_shstrndx >= header.e_shnum) return "there is no section of section names";
    return {};
}

class Sections {
  public:
    explicit Sections(std::span<const std::byte> elf) : elf_(elf) {
        const auto header = entry<Elf64_Ehdr>(elf, 0, 0);
        for (std::uint64_t i = 0; i < header.e_shnum; ++i)
            headers_.push_back(entry<Elf64_Shdr>(elf, header.e_shoff, i));
    }

    std::string refuse() const {
        for (std::size_t i = 1; i < headers_.size(); ++i) {
            const Elf64_Shdr& section = headers_[i];
            const bool has_bytes = section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL;
            if (has_bytes && !inside(section.sh_offset, section.sh_size, elf_.size()))
                return fmt::format("section {} lies outside the file", i);
            if (section.sh_size > INT32_MAX) return fmt::format("section {} has {} bytes", i, section.sh_size);
            if (section.sh_addralign > 4096 || (section.sh_addralign & (section.sh_addralign - 1)) != 0)
                return fmt::format("section {} is aligned to {}", i, section.sh_addralign);
            if (std::string reason = refuse_table(i, section); !reason.empty()) return reason;
        }
        return {};
    }

  private:
    std::string refuse_table(std::size_t i, const Elf64_Shdr& section) const {
        const bool symbols = section.sh_type == SHT_SYMTAB;
        if (!symbols && section.sh_type != SHT_RELA) return {};
        const std::uint64_t size = symbols ? sizeof(Elf64_Sym) : sizeof(Elf64_Rela);
        if (section.sh_entsize != size || section.sh_size % size != 0 || section.sh_link >= headers_.size() ||
            section.sh_link == 0)
            return fmt::format("section {} is no table", i);
        for (std::uint64_t n = 0; n < section.sh_size / size; ++n)
            if (symbols ? !good_symbol(section, entry<Elf64_Sym>(elf_, section.sh_offset, n))
                        : !good_relocation(section, entry<Elf64_Rela>(elf_, section.sh_offset, n)))
                return fmt::format("section {}: entry {} points outside", i, n);
        return {};
    }

    bool good_symbol(const Elf64_Shdr& table, const Elf64_Sym& symbol) const {
        if (headers_[table.sh_link].sh_type != SHT_STRTAB || symbol.st_name >= headers_[table.sh_link].sh_size)
            return false;
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) return true;
        return symbol.st_shndx < headers_.size() &&
               inside(symbol.st_value, symbol.st_size, headers_[symbol.st_shndx].sh_size);
    }

    bool good_relocation(const Elf64_Shdr& table, const Elf64_Rela& relocation) const {
        const Elf64_Shdr& symbols = headers_[table.sh_link];
        return table.sh_info > 0 && table.sh_info < headers_.size() && symbols.sh_type == SHT_SYMTAB &&
               ELF64_R_SYM(relocation.r_info) < symbols.sh_size / sizeof(Elf64_Sym) &&
               relocation.r_offset < headers_[table.sh_info].sh_size;
    }

    std::span<const std::byte> elf_;
    std::vector<Elf64_Shdr> headers_;
};

}  // namespace

std::string refuse_elf(std::span<const std::byte> elf) {
    if (std::string reason = refuse_header(elf); !reason.empty()) return reason;
    return Sections(elf).refuse();
}

}  // namespace convt
