// SPDX-License-Identifier: Apache-2.0
// An instruction is known by LLVM's own disassembler, which walks every section of code from its start: a search for
// the opcode's bytes would also find them in constants and displacements.
#include "compiler/prefetch_levels.h"

#include "compiler/disassembler.h"

#include <fmt/format.h>

extern "C" {
void LLVMInitializeX86TargetInfo();
void LLVMInitializeX86TargetMC();
void LLVMInitializeX86Disassembler();
}

namespace convt {
namespace {

constexpr const char* triple = "x86_64-unknown-linux-gnu";
// 0F 18 /0 is prefetchnta, 0F 18 /1 prefetcht0 (Intel SDM volume 2, PREFETCHh): the field is bits 3 to 5 of ModRM.
constexpr std::byte escape{0x0F}, prefetch{0x18}, field{0x38}, all_levels{0x08};

// Everything that LLVM wants to know before it reads an instruction.
class Disassembler {
  public:
    Disassembler() {
        LLVMInitializeX86TargetInfo();
        LLVMInitializeX86TargetMC();
        LLVMInitializeX86Disassembler();
        std::string error;
        const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
        if (target == nullptr) return;
        registers_.reset(target->createMCRegInfo(triple));
        assembly_.reset(target->createMCAsmInfo(*registers_, triple, llvm::MCTargetOptions()));
        instructions_.reset(target->createMCInstrInfo());
        subtarget_.reset(target->createMCSubtargetInfo(triple, "", ""));
        context_ = std::make_unique<llvm::MCContext>(llvm::Triple(triple), assembly_.get(), registers_.get(),
                                                     subtarget_.get());
        reader_.reset(target->createMCDisassembler(*subtarget_, *context_));
    }

    // Changes the prefetches of one section; how many bytes of it were read.
    std::size_t change(std::span<std::byte> code) const {
        std::size_t at = 0;
        while (reader_ && at < code.size()) {
            llvm::MCInst instruction;
            std::uint64_t size = 0;
            const auto* rest = reinterpret_cast<const std::uint8_t*>(code.data() + at);
            if (reader_->getInstruction(instruction, size, {rest, code.size() - at}, at, llvm::nulls()) !=
                llvm::MCDisassembler::Success)
                return at;
            if (instructions_->getName(instruction.getOpcode()) == "PREFETCHNTA") change_one(code.subspan(at, size));
            at += size;
        }
        return at;
    }

  private:
    // Prefixes stand before the opcode.
    static void change_one(std::span<std::byte> instruction) {
        for (std::size_t i = 0; i + 2 < instruction.size(); ++i) {
            if (instruction[i] != escape || instruction[i + 1] != prefetch) continue;
            instruction[i + 2] = (instruction[i + 2] & ~field) | all_levels;
            return;
        }
    }

    std::unique_ptr<llvm::MCRegisterInfo> registers_;
    std::unique_ptr<llvm::MCAsmInfo> assembly_;
    std::unique_ptr<llvm::MCInstrInfo> instructions_;
    std::unique_ptr<llvm::MCSubtargetInfo> subtarget_;
    std::unique_ptr<llvm::MCContext> context_;
    std::unique_ptr<llvm::MCDisassembler> reader_;
};

Status unreadable(const std::string& what) {
    return {Code::compile_failed, fmt::format("prefetches of the object: {}", what)};
}

}  // namespace

Status prefetch_into_all_levels(std::span<std::byte> object) {
    const llvm::StringRef bytes(reinterpret_cast<const char*>(object.data()), object.size());
    llvm::Expected<std::unique_ptr<llvm::object::ObjectFile>> file =
        llvm::object::ObjectFile::createObjectFile({bytes, "object"});
    if (!file) return unreadable(llvm::toString(file.takeError()));
    const Disassembler disassembler;
    for (const llvm::object::SectionRef& section : (*file)->sections()) {
        if (!section.isText()) continue;
        llvm::Expected<llvm::StringRef> contents = section.getContents();
        if (!contents) return unreadable(llvm::toString(contents.takeError()));
        const auto first = static_cast<std::size_t>(contents->data() - bytes.data());
        const std::size_t read = disassembler.change(object.subspan(first, contents->size()));
        if (read != contents->size()) return unreadable(fmt::format("no instruction at byte {} of its code", read));
    }
    return {};
}

}  // namespace convt
