// SPDX-License-Identifier: Apache-2.0
// Loading with ORC and JITLink: one JITDylib an object, linked against one dylib of absolute symbols (imports.h) and
// nothing else. One lock covers the session, for a load takes a millisecond at most, and so that fork can hold it: the
// child then finds the session whole.
#include "runtime/jit/loader.h"

#include "runtime/jit/elf_check.h"
#include "runtime/jit/imports.h"
#include "runtime/jit/orc.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <mutex>
#include <utility>

namespace convt {
namespace {

namespace orc = llvm::orc;

std::mutex session_mutex;

// JITLink's in-process memory, with the pages of the graph at hand counted.
class CountingMemory final : public llvm::jitlink::InProcessMemoryManager {
  public:
    explicit CountingMemory(std::uint64_t page) : InProcessMemoryManager(page), page_(page) {}
    using InProcessMemoryManager::allocate;
    void allocate(const llvm::jitlink::JITLinkDylib* dylib, llvm::jitlink::LinkGraph& graph,
                  OnAllocatedFunction on_allocated) override {
        auto sizes = llvm::jitlink::BasicLayout(graph).getContiguousPageBasedLayoutSizes(page_);
        if (sizes)
            last_bytes = sizes->StandardSegs;
        else
            llvm::consumeError(sizes.takeError());
        InProcessMemoryManager::allocate(dylib, graph, std::move(on_allocated));
    }
    std::size_t last_bytes = 0;

  private:
    std::uint64_t page_;
};

struct Session {
    orc::ExecutionSession session{std::make_unique<orc::UnsupportedExecutorProcessControl>()};
    CountingMemory memory{static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))};
    orc::ObjectLinkingLayer layer{session, memory};
    orc::JITDylib& imports;
    std::uint64_t loads = 0;
    std::string errors;  // what ORC reported since the last load began

    Session() : imports(session.createBareJITDylib("imports")) {
        session.setErrorReporter([this](llvm::Error error) {
            if (!errors.empty()) errors += "; ";
            errors += llvm::toString(std::move(error));
        });
        orc::SymbolMap symbols;
        for (const Import& import : kernel_imports())
            symbols[session.intern(import.name)] = {orc::ExecutorAddr(import.address),
                                                    llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
        // Fails only where a name is defined twice: the table of imports has no doubles.
        llvm::cantFail(imports.define(orc::absoluteSymbols(std::move(symbols))));
    }
};

// Never destroyed: kernels may outlive every static object. Called with session_mutex held.
Session& session() {
    static Session* const instance = [] {
        pthread_atfork([] { session_mutex.lock(); }, [] { session_mutex.unlock(); }, [] { session_mutex.unlock(); });
        return new Session;
    }();
    return *instance;
}

void remove(Session& jit, orc::JITDylib& dylib) {
    if (llvm::Error error = jit.session.removeJITDylib(dylib)) llvm::consumeError(std::move(error));
    jit.session.getSymbolStringPool()->clearDeadEntries();
}

}  // namespace

Result<std::unique_ptr<LoadedCode>> LoadedCode::load(std::span<const std::byte> elf, const std::string& symbol) {
    if (std::string reason = refuse_elf(elf); !reason.empty())
        return {Code::corrupt, fmt::format("object {} does not load: {}", symbol, reason)};

    const std::lock_guard lock(session_mutex);
    Session& jit = session();
    jit.errors.clear();
    orc::JITDylib& dylib = jit.session.createBareJITDylib(fmt::format("kernel{}", jit.loads++));
    dylib.setLinkOrder({{&jit.imports, orc::JITDylibLookupFlags::MatchExportedSymbolsOnly}});
    const auto fail = [&](llvm::Error error) -> Status {
        std::string reason = llvm::toString(std::move(error));
        if (!jit.errors.empty()) reason += "; " + std::exchange(jit.errors, {});
        remove(jit, dylib);
        return {Code::corrupt, fmt::format("object {} does not load: {}", symbol, reason)};
    };

    const llvm::StringRef bytes(reinterpret_cast<const char*>(elf.data()), elf.size());
    // A copy: JITLink relies on the alignment of the file's structures.
    if (llvm::Error error = jit.layer.add(dylib, llvm::MemoryBuffer::getMemBufferCopy(bytes, symbol)))
        return fail(std::move(error));
    const orc::SymbolStringPtr run = jit.session.intern(symbol + "_run_argv");
    const orc::SymbolStringPtr pack = jit.session.intern(symbol + "_pack_argv");
    auto found = jit.session.lookup(orc::makeJITDylibSearchOrder(&dylib), orc::SymbolLookupSet({run, pack}));
    if (!found) return fail(found.takeError());
    return std::unique_ptr<LoadedCode>(new LoadedCode(&dylib, (*found)[run].getAddress().toPtr<Entry>(),
                                                      (*found)[pack].getAddress().toPtr<Entry>(),
                                                      jit.memory.last_bytes));
}

LoadedCode::~LoadedCode() {
    const std::lock_guard lock(session_mutex);
    remove(session(), *static_cast<orc::JITDylib*>(dylib_));
}

}  // namespace convt
